import type { Board } from '../lab/board.ts';
import { systemActor } from '../lab/operation.ts';
import { type DesiredBoard, type ObservedBoard, plan } from '../lab/plan.ts';
import type { BoardRecord, Store } from '../store/store.ts';
import type { BoardLock } from './board-lock.ts';
import type { BoardPower } from './board-power.ts';
import type { Operations } from './operations.ts';
import { runSteps } from './run-steps.ts';
import type { World } from './world.ts';

/** What labd does without being asked: it puts right what is not as it ought to be, and releases what has run out. */
export interface Upkeep {
  start(): void;
  stop(): void;
}

const repairEveryMs = 5000;
const expireEveryMs = 500;
const retryReleaseMs = 30_000;

export function createUpkeep(options: {
  readonly store: Store;
  readonly world: World;
  readonly lock: BoardLock;
  readonly power: BoardPower;
  readonly operations: Operations;
  readonly listedBoards: readonly Board[];
  readonly log: (text: string) => void;
}): Upkeep {
  const { store, world, lock, power, operations, listedBoards, log } = options;
  const releaseAgainAt = new Map<string, number>();

  /** Desired state first: what no claim wants is garbage only when all claims are known. */
  async function repair(): Promise<void> {
    const records = await store.listBoards();
    const observed = await world.observeAll(records.map(({ board }) => board.handle));
    const wrong = records.filter(record => {
      const state = observed.get(record.board.handle);
      return state && mayRepair(record) && (isAbandoned(record) || plan(desiredOf(record, state), state).length > 0);
    });
    await Promise.all(wrong.map(record => lock.run(record.board.handle, () => repairBoard(record.board.handle))));
  }

  function mayRepair(record: BoardRecord): boolean {
    const isHeldBack = record.quarantine !== undefined && !isAbandoned(record);
    return !record.operation && !isHeldBack && !lock.isHeld(record.board.handle);
  }

  /** Everything is read again, now that nothing else happens to the board. */
  async function repairBoard(handle: string): Promise<void> {
    const record = await store.findBoard(handle);
    if (!record || record.operation || (record.quarantine !== undefined && !isAbandoned(record))) return;
    const seen = await world.observe(handle);
    const observed: ObservedBoard = isAbandoned(record) ? { ...seen, power: 'unknown' } : seen;
    const { board, claim, epoch } = record;
    const subject = {
      board,
      claim: claim ?? { id: 0, board: handle, user: '', epoch, createdAtMs: 0, expiresAtMs: 0 },
    };
    const witness = {
      started: async () => {},
      done: (step: { step: string }) => log(`${handle}: repair: ${step.step}`),
    };
    try {
      await runSteps(world, subject, desiredOf(record, observed), observed, witness);
      if (isAbandoned(record)) await store.liftQuarantine(handle);
    } catch (error) {
      log(`${handle}: repair failed: ${(error as Error).message}`);
    }
  }

  async function expire(): Promise<void> {
    for (const { board, epoch } of await store.listExpired()) {
      const record = await store.findBoard(board);
      if (record?.operation || (releaseAgainAt.get(board) ?? 0) > performance.now()) continue;
      releaseAgainAt.set(board, performance.now() + retryReleaseMs);
      operations.start(await store.beginOperation({ kind: 'release', board, epoch, actor: systemActor }));
    }
  }

  const stops: (() => void)[] = [];

  /** One round after another, never two at once. */
  function every(periodMs: number, what: string, action: () => Promise<void>): void {
    let isStopped = false;
    let timer: NodeJS.Timeout | undefined;
    async function round(): Promise<void> {
      await action().catch(error => log(`${what}: ${(error as Error).message}`));
      if (!isStopped) timer = setTimeout(round, periodMs);
    }
    stops.push(() => {
      isStopped = true;
      clearTimeout(timer);
    });
    void round();
  }

  return {
    start() {
      every(repairEveryMs, 'repair', repair);
      every(repairEveryMs, 'power', () => power.refresh(listedBoards));
      every(expireEveryMs, 'expiry', expire);
    },
    stop() {
      for (const stop of stops) stop();
    },
  };
}

/** Quarantined, because it could not be cleaned up, and nobody's: it is cleaned as soon as that works. */
function isAbandoned({ claim, quarantine }: BoardRecord): boolean {
  return claim === undefined && quarantine !== undefined;
}

/**
 * A holder's board keeps the power that its holder gave it. Nobody's board is left alone too, unless there is something to clean:
 * then it must be off first.
 */
function desiredOf(record: BoardRecord, { jail }: ObservedBoard): DesiredBoard {
  const { board, claim, epoch } = record;
  if (claim) return { board: board.handle, fence: epoch, power: 'any', epoch: claim.epoch };
  const mustBeOff = jail !== 'absent' || isAbandoned(record);
  return { board: board.handle, fence: epoch, power: mustBeOff ? 'off' : 'any' };
}
