import type { Want } from '../../src/lab/want.ts';
import type { CheckedBoard, CheckedLab, CheckedRequest } from './checked-lab.ts';

/** As grant-waiters.ts says: after that, boards are set aside for a request for several. */
const setAsideAfterMs = 600_000;

/**
 * Serves the queue by trying everything, beside what was granted: gives what is wrong with that. Each request in its order must have
 * been granted boards when there are some for all of its places, and must not when there are none. Whoever is granted boards that
 * are not free any more, or past somebody whom they fit, is found by that.
 */
export function checkServed(
  lab: CheckedLab,
  nowMs: number,
  grantedTo: ReadonlyMap<number, readonly string[]>,
): string | undefined {
  const free = new Set([...lab.boards.values()].filter(({ isListed, claim }) => isListed && !claim));
  const setAside = new Set<CheckedBoard>();
  for (const request of inOrder(lab)) {
    const { id, wants, leaseMs, createdAtMs } = request;
    const choices = wants.map(want =>
      [...free].filter(board => !setAside.has(board) && meets(board, want) && isOpen(board, nowMs, nowMs + leaseMs)),
    );
    const granted = grantedTo.get(id);
    if (!granted && canFill(choices)) return `request ${id} (${text(request)}) waits beside boards that it could have`;
    if (granted && !isFilledBy(choices, granted)) {
      return `request ${id} (${text(request)}) was given ${granted.join()}, which do not fit, are not free, or are not all`;
    }
    for (const board of free) if (granted?.includes(board.handle)) free.delete(board);
    if (!granted && wants.length > 1 && createdAtMs + setAsideAfterMs <= nowMs) {
      for (const choice of choices) {
        for (const board of choice.toSorted(idleLongestFirst).slice(0, wants.length)) setAside.add(board);
      }
    }
  }
  const strangers = [...grantedTo.keys()].filter(id => !lab.queue.has(id));
  return strangers.length > 0 ? `boards were given to requests that do not wait: ${strangers}` : undefined;
}

/** Whether somebody other than its holder waits who could use this board alone or among others. */
export function findWaiterFor({ queue }: CheckedLab, board: CheckedBoard, holder: string): CheckedRequest | undefined {
  return [...queue.values()].find(
    ({ user, wants }) => user !== holder && board.isListed && wants.some(want => meets(board, want)),
  );
}

function inOrder({ queue }: CheckedLab): CheckedRequest[] {
  return [...queue.values()].sort((a, b) => (a.priority === b.priority ? a.seq - b.seq : b.priority - a.priority));
}

function meets(board: CheckedBoard, want: Want): boolean {
  if (want.class !== undefined && want.class !== board.class) return false;
  if (want.board !== undefined && want.board !== board.handle) return false;
  return want.labels.every(label => board.labels.includes(label));
}

/** Nothing bars the board in this time. */
function isOpen({ bars }: CheckedBoard, fromMs: number, toMs: number): boolean {
  return [...bars.values()].every(bar => bar.endsAtMs <= fromMs || bar.startsAtMs >= toMs);
}

function idleLongestFirst(a: CheckedBoard, b: CheckedBoard): number {
  return a.lastReleasedAtMs - b.lastReleasedAtMs || (a.handle < b.handle ? -1 : 1);
}

/** Is there a way to give each place a board of its own? Tries all of them. */
function canFill([first, ...others]: readonly (readonly CheckedBoard[])[]): boolean {
  if (!first) return true;
  return first.some(board => canFill(others.map(choices => choices.filter(other => other !== board))));
}

/** The same, with exactly these boards. */
function isFilledBy(choices: readonly (readonly CheckedBoard[])[], handles: readonly string[]): boolean {
  if (handles.length !== choices.length || new Set(handles).size !== handles.length) return false;
  return canFill(choices.map(places => places.filter(({ handle }) => handles.includes(handle))));
}

function text({ user, priority, seq, wants }: CheckedRequest): string {
  return `${user}, priority ${priority}, seq ${seq}, ${JSON.stringify(wants)}`;
}
