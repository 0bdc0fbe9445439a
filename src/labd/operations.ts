import type { ClaimedBoard, OperationEvent } from '../api/messages.ts';
import type { Board } from '../lab/board.ts';
import type { Claim } from '../lab/claim.ts';
import { LabError } from '../lab/error.ts';
import { type Operation, systemActor } from '../lab/operation.ts';
import type { ObservedBoard } from '../lab/plan.ts';
import type { OperationResult, Store } from '../store/store.ts';
import type { BoardLock } from './board-lock.ts';
import { toErrorMessage } from './error-message.ts';
import type { OperationFeed } from './operation-feed.ts';
import { observePatiently, runSteps, type StepWitness } from './run-steps.ts';
import type { World } from './world.ts';

/** Carries out operations that the store has begun, each to its end, and tells the feed. */
export interface Operations {
  /** Starts to carry out an operation; it goes on whoever listens. */
  start(operation: Operation): void;
  /** Takes up the operations that an earlier daemon did not end. */
  resume(): Promise<void>;
  /** Begins no further step, and leaves what is unfinished to the next daemon. */
  stop(): void;
}

export function createOperations(options: {
  readonly store: Store;
  readonly world: World;
  readonly lock: BoardLock;
  readonly feed: OperationFeed;
  readonly boardOf: (handle: string) => Promise<Board>;
  readonly describe: (claim: Claim) => Promise<ClaimedBoard>;
  readonly log: (text: string) => void;
}): Operations {
  const { store, world, lock, feed, boardOf, describe, log } = options;

  let isStopped = false;

  async function carryOut(operation: Operation): Promise<void> {
    const { id, claim, kind } = operation;
    const subject = { board: await boardOf(claim.board), claim };
    const witness = createWitness(operation);
    const nothing = { board: claim.board, fence: claim.epoch, power: 'off' } as const;
    const jailOf = (power: 'on' | 'off') => ({ ...nothing, epoch: claim.epoch, power });
    // What the switch last said is not enough to hand a board out or to take it back: it is asked again.
    const observe = async (): Promise<ObservedBoard> => ({
      ...(await observePatiently(world, claim.board)),
      power: 'unknown',
    });

    switch (operation.state === 'undoing' ? 'undo' : kind) {
      case 'claim': {
        const record = await store.findBoard(claim.board);
        await runSteps(world, subject, jailOf(record?.powerWanted ?? 'off'), await observe(), witness);
        return end(operation, { state: 'done' });
      }
      case 'reinit': {
        const bare = await runSteps(world, subject, nothing, await observe(), witness);
        await runSteps(world, subject, jailOf('off'), bare, witness);
        return end(operation, { state: 'done' });
      }
      case 'release': {
        await runSteps(world, subject, nothing, await observe(), witness);
        const endReason = operation.actor === systemActor ? 'expired' : 'released';
        return end(operation, { state: 'done', endReason, quarantine: null });
      }
      case 'undo': {
        const error = operation.error ?? { code: 'bug', message: 'the claim failed' };
        await runSteps(world, subject, nothing, await observe(), witness);
        return end(operation, { state: 'failed', endReason: 'failed', error });
      }
    }

    function createWitness(watched: Operation): StepWitness {
      let startMs = performance.now();
      const tell = (step: string, state: 'started' | 'done') => {
        const elapsedMs = state === 'started' ? 0 : Math.round(performance.now() - startMs);
        feed.tell(watched.id, { event: 'step', step, state, elapsedMs });
      };
      return {
        async started({ step }, attempt) {
          if (isStopped) throw new LabError('unreachable', 'labd is being stopped');
          await store.recordStep(id, step, attempt);
          if (attempt > 1) return;
          startMs = performance.now();
          tell(step, 'started');
        },
        done: ({ step }) => tell(step, 'done'),
      };
    }
  }

  async function fail(operation: Operation, cause: unknown): Promise<void> {
    // What failed because this daemon goes away is not the operation's failure.
    if (isStopped) return;
    const { id, claim, kind, state } = operation;
    const error = toErrorMessage(cause, `${kind} of ${claim.board}`, log);
    if (state === 'undoing') {
      const quarantine = `clean-up after a failed claim: ${error.message}`;
      return end(operation, { state: 'failed', endReason: 'failed', error: operation.error ?? error, quarantine });
    }
    switch (kind) {
      case 'claim':
        await store.markUndoing(id, error);
        return perform({ ...operation, state: 'undoing', error });
      case 'reinit':
        return end(operation, { state: 'failed', error });
      case 'release':
        return end(operation, { state: 'failed', error, quarantine: `release failed: ${error.message}` });
    }
  }

  async function end({ id, claim, kind }: Operation, result: OperationResult): Promise<void> {
    await store.finishOperation(id, result);
    log(`${claim.board}: ${kind} ${result.state} (${claim.user}, epoch ${claim.epoch})`);
    const isKept = result.state === 'done' && result.endReason === undefined;
    const last: OperationEvent = result.error
      ? { event: 'error', error: result.error }
      : { event: 'done', ...(isKept ? { claim: await describe(claim) } : {}) };
    feed.tell(id, last);
  }

  async function perform(operation: Operation): Promise<void> {
    try {
      await carryOut(operation);
    } catch (error) {
      await fail(operation, error);
    }
  }

  function start(operation: Operation): void {
    const { id, kind, claim } = operation;
    feed.open(id, { event: 'operation', id, kind, board: claim.board });
    lock
      .run(claim.board, () => perform(operation))
      .catch(error => {
        // The store itself failed: the operation stays unfinished there, and the next daemon takes it up.
        feed.tell(id, { event: 'error', error: toErrorMessage(error, `${kind} of ${claim.board}`, log) });
      });
  }

  return {
    start,
    stop() {
      isStopped = true;
    },
    async resume() {
      for (const operation of await store.listUnfinishedOperations()) {
        log(`${operation.claim.board}: taking up a ${operation.kind} at step ${operation.step ?? 'one'}`);
        start(operation);
      }
    },
  };
}

/** What a finished operation has to tell when nobody remembers its steps. */
export function lastEventOf(operation: Operation, claim: ClaimedBoard | undefined): OperationEvent {
  if (operation.error) return { event: 'error', error: operation.error };
  if (operation.state !== 'done')
    throw new LabError('bug', `operation ${operation.id} is ${operation.state}, not over`);
  return { event: 'done', ...(claim ? { claim } : {}) };
}
