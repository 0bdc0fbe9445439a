import type { Board } from '../lab/board.ts';
import { type Operation, systemActor } from '../lab/operation.ts';
import { type DesiredBoard, type ObservedBoard, plan } from '../lab/plan.ts';
import type { BoardRecord, Granted, Store } from '../store/store.ts';
import type { BoardLock } from './board-lock.ts';
import { runSteps } from './run-steps.ts';
import type { World } from './world.ts';

/** Puts right what is not as it ought to be on the boards where no operation runs. */
export function createRepair(options: {
  readonly store: Store;
  readonly world: World;
  readonly lock: BoardLock;
  readonly hasHealthCheck: (board: Board) => boolean;
  readonly startAll: (granted: readonly Operation[]) => void;
  readonly log: (text: string) => void;
}): (records: readonly BoardRecord[]) => Promise<void> {
  const { store, world, lock, hasHealthCheck, startAll, log } = options;

  function mayRepair(record: BoardRecord): boolean {
    const isHeldBack = isDirty(record) && !isAbandoned(record);
    return !record.operation && !isHeldBack && !lock.isHeld(record.board.handle);
  }

  /** Everything is read again, now that nothing else happens to the board. */
  async function repairBoard(handle: string): Promise<void> {
    const record = await store.findBoard(handle);
    if (!record || record.operation || (isDirty(record) && !isAbandoned(record))) return;
    const seen = await world.observe(handle);
    const observed: ObservedBoard = isAbandoned(record) ? { ...seen, power: 'unknown' } : seen;
    const { board, claim, epoch } = record;
    const subject = { board, claim: claim ?? nobodysClaim(handle, epoch) };
    const witness = {
      started: async () => {},
      done: (step: { step: string }) => log(`${handle}: repair: ${step.step}`),
    };
    try {
      await runSteps(world, subject, desiredOf(record, observed), observed, witness);
      if (isAbandoned(record)) startAll(await admitAgain(board));
    } catch (error) {
      log(`${handle}: repair failed: ${(error as Error).message}`);
    }
  }

  /** What could not be cleaned once is checked before anybody gets it. */
  async function admitAgain(board: Board): Promise<Granted> {
    const { handle } = board;
    if (hasHealthCheck(board)) {
      await store.setBar({ board: handle, kind: 'check-due', reason: 'its clean-up failed once', actor: systemActor });
    }
    return (await store.liftBar(handle, 'dirty', systemActor)).granted;
  }

  /** Desired state first: what no claim wants is garbage only when all claims are known. */
  return async records => {
    const observed = await world.observeAll(records.map(({ board }) => board.handle));
    const wrong = records.filter(record => {
      const state = observed.get(record.board.handle);
      return state && mayRepair(record) && (isAbandoned(record) || plan(desiredOf(record, state), state).length > 0);
    });
    await Promise.all(wrong.map(record => lock.run(record.board.handle, () => repairBoard(record.board.handle))));
  };
}

/** In whose name a board is cleaned that nobody holds. */
function nobodysClaim(board: string, epoch: number) {
  return { id: 0, board, user: '', epoch, createdAtMs: 0, expiresAtMs: 0, requestId: 0, sharedWith: [], keys: [] };
}

function isDirty({ bars }: BoardRecord): boolean {
  return bars.some(({ kind }) => kind === 'dirty');
}

/** Barred, because it could not be cleaned up, and nobody's: it is cleaned as soon as that works. */
function isAbandoned(record: BoardRecord): boolean {
  return record.claim === undefined && isDirty(record);
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
