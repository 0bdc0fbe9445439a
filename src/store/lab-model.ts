/** A lab small enough to say of each command what will come of it: who gets which board, with which epoch, until when. */
export interface LabModel {
  nowMs: number;
  readonly boards: Map<string, ModelBoard>;
  queue: ModelRequest[];
}

export interface ModelBoard {
  readonly handle: string;
  readonly class: string;
  epoch: number;
  releasedAtMs: number;
  holder?: { readonly user: string; readonly epoch: number; expiresAtMs: number } | undefined;
  operation?: 'claim' | 'release' | undefined;
  isDirty: boolean;
  isOffline: boolean;
  window?: { readonly startsAtMs: number; readonly endsAtMs: number } | undefined;
}

interface ModelRequest {
  readonly id: number;
  readonly user: string;
  readonly class: string;
  readonly count: number;
  readonly priority: number;
  readonly leaseMs: number;
  readonly sinceMs: number;
  readonly deadlineAtMs: number;
}

const setAsideAfterMs = 600_000;

function isFree(board: ModelBoard, nowMs: number, leaseMs: number): boolean {
  const { holder, isDirty, isOffline, window } = board;
  const isPlanned = window !== undefined && window.endsAtMs > nowMs && window.startsAtMs < nowMs + leaseMs;
  return !holder && !isDirty && !isOffline && !isPlanned;
}

/** Gives out what is free, and says which boards, in the order of the queue. */
export function serve(model: LabModel): string[] {
  const { nowMs } = model;
  const granted: string[] = [];
  const setAside = new Set<ModelBoard>();
  model.queue.sort((a, b) => b.priority - a.priority || a.id - b.id);
  for (const request of [...model.queue]) {
    const fitting = [...model.boards.values()]
      .filter(board => board.class === request.class && !setAside.has(board) && isFree(board, nowMs, request.leaseMs))
      .sort((a, b) => a.releasedAtMs - b.releasedAtMs || (a.handle < b.handle ? -1 : 1))
      .slice(0, request.count);
    if (fitting.length < request.count) {
      const hasWaitedLong = request.count > 1 && request.sinceMs + setAsideAfterMs <= nowMs;
      if (hasWaitedLong) for (const board of fitting) setAside.add(board);
      continue;
    }
    for (const board of fitting) {
      board.epoch += 1;
      board.holder = { user: request.user, epoch: board.epoch, expiresAtMs: nowMs + request.leaseMs };
      board.operation = 'claim';
      granted.push(board.handle);
    }
    model.queue = model.queue.filter(({ id }) => id !== request.id);
  }
  return granted;
}

export function boardAt(
  model: LabModel,
  index: number,
  isMeant: (board: ModelBoard) => boolean,
): ModelBoard | undefined {
  const meant = [...model.boards.values()].filter(isMeant);
  return meant[index % Math.max(1, meant.length)];
}
