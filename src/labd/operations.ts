import type { ClaimedBoard, OperationEvent } from '../api/messages.ts';
import type { HealthCheck } from '../config/lab-config.ts';
import type { Board } from '../lab/board.ts';
import type { Claim } from '../lab/claim.ts';
import { LabError } from '../lab/error.ts';
import { type Operation, systemActor } from '../lab/operation.ts';
import type { ObservedBoard } from '../lab/plan.ts';
import type { EndReason, OperationResult, Store } from '../store/store.ts';
import type { BoardLock } from './board-lock.ts';
import type { Changes } from './changes.ts';
import type { Consoles } from './consoles.ts';
import { toErrorMessage } from './error-message.ts';
import type { OperationFeed } from './operation-feed.ts';
import { observePatiently, runSteps, type StepWitness } from './run-steps.ts';
import type { World } from './world.ts';

/** Carries out operations that the store has begun, each to its end, and tells the feed. */
export interface Operations {
  /** Starts to carry out an operation; it goes on whoever listens. */
  start(operation: Operation): void;
  startAll(operations: readonly Operation[]): void;
  /** Its events from the first on; when it ended long ago, its end. */
  follow(operation: Operation): AsyncIterable<OperationEvent>;
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
  readonly changes: Changes;
  readonly consoles: Pick<Consoles, 'expect'>;
  readonly healthOf: (board: Board) => HealthCheck | undefined;
  readonly boardOf: (handle: string) => Promise<Board>;
  readonly describe: (claim: Claim) => Promise<ClaimedBoard>;
  readonly log: (text: string) => void;
}): Operations {
  const { store, world, lock, feed, changes, consoles, healthOf, boardOf, describe, log } = options;

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
        const afterClaims = healthOf(subject.board)?.afterClaims;
        return end(operation, {
          state: 'done',
          endReason: endReasonOf(operation),
          liftBars: ['dirty'],
          ...(afterClaims === undefined ? {} : { checkAfterClaims: afterClaims }),
        });
      }
      case 'check': {
        const built = await runSteps(world, subject, jailOf('on'), await observe(), witness);
        await expectSign(subject.board, witness);
        await runSteps(world, subject, nothing, { ...built, power: 'unknown' }, witness);
        return end(operation, { state: 'done', endReason: 'checked', liftBars: ['health', 'check-due'] });
      }
      case 'undo': {
        const error = operation.error ?? { code: 'bug', message: `the ${kind} failed` };
        await runSteps(world, subject, nothing, await observe(), witness);
        if (kind !== 'check') return end(operation, { state: 'failed', endReason: 'failed', error });
        const setBars = [{ kind: 'health', reason: error.message }] as const;
        return end(operation, { state: 'failed', endReason: 'checked', error, setBars, liftBars: ['check-due'] });
      }
    }

    async function expectSign(board: Board, { started, done }: StepWitness): Promise<void> {
      const health = healthOf(board);
      if (!health) throw new LabError('usage', `the class ${board.class} has no health check`);
      const step = { step: 'expect' } as const;
      await started(step, 1);
      await consoles.expect(board.handle, health.expect, health.withinMs);
      done(step);
    }

    function createWitness(watched: Operation): StepWitness {
      let startMs = performance.now();
      const tell = (step: string, state: 'started' | 'done') => {
        const elapsedMs = state === 'started' ? 0 : Math.round(performance.now() - startMs);
        feed.tell(watched.id, { event: 'step', board: claim.board, step, state, elapsedMs });
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
      const reason = `clean-up after a failed ${kind}: ${error.message}`;
      const setBars = [{ kind: 'dirty', reason }] as const;
      return end(operation, { state: 'failed', endReason: 'failed', error: operation.error ?? error, setBars });
    }
    switch (kind) {
      case 'claim':
      case 'check':
        await store.markUndoing(id, error);
        return perform({ ...operation, state: 'undoing', error });
      case 'reinit':
        return end(operation, { state: 'failed', error });
      case 'release': {
        const setBars = [{ kind: 'dirty', reason: `release failed: ${error.message}` }] as const;
        return end(operation, { state: 'failed', error, setBars });
      }
    }
  }

  async function end({ id, claim, kind }: Operation, result: OperationResult): Promise<void> {
    const granted = await store.finishOperation(id, result);
    startAll(granted);
    log(`${claim.board}: ${kind} ${result.state} (${claim.user}, epoch ${claim.epoch})`);
    if (kind === 'claim') await releaseOrphans();
    const record = await store.findBoard(claim.board);
    const isKept = record?.claim?.epoch === claim.epoch;
    const last: OperationEvent = result.error
      ? { event: 'error', error: result.error }
      : { event: 'done', claims: isKept && record.claim ? [await describe(record.claim)] : [] };
    feed.tell(id, last);
    changes.tell();
  }

  /** A request has all of its boards or none: where one could not be built, the others are given back. */
  async function releaseOrphans(): Promise<void> {
    for (const { board, epoch } of await store.listOrphans()) {
      const record = await store.findBoard(board);
      if (record?.operation) continue;
      const cause = 'another board of the same request failed';
      start(await store.beginOperation({ kind: 'release', board, epoch, actor: systemActor, cause }));
    }
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

  function startAll(operations: readonly Operation[]): void {
    for (const operation of operations) start(operation);
  }

  async function* tellEnd({ id, kind, claim }: Operation): AsyncGenerator<OperationEvent> {
    yield { event: 'operation', id, kind, board: claim.board };
    const operation = await store.findOperation(id);
    if (!operation) throw new LabError('not-found', `operation ${id} is forgotten`);
    const record = await store.findBoard(claim.board);
    const isKept = record?.claim?.epoch === claim.epoch;
    yield lastEventOf(operation, isKept && record.claim ? [await describe(record.claim)] : []);
  }

  return {
    start,
    startAll,
    follow: operation => feed.follow(operation.id) ?? tellEnd(operation),
    stop() {
      isStopped = true;
    },
    async resume() {
      for (const operation of await store.listUnfinishedOperations()) {
        log(`${operation.claim.board}: taking up a ${operation.kind} at step ${operation.step ?? 'one'}`);
        start(operation);
      }
      await releaseOrphans();
    },
  };
}

/** Why a claim ends that is released, for the books. */
function endReasonOf({ actor, cause, claim }: Operation): EndReason {
  if (actor !== systemActor) return actor === claim.user ? 'released' : 'removed by an admin';
  return cause === 'disconnected' || cause === 'expired' ? cause : 'failed';
}

/** What a finished operation has to tell when nobody remembers its steps. */
function lastEventOf(operation: Operation, claims: readonly ClaimedBoard[]): OperationEvent {
  if (operation.error) return { event: 'error', error: operation.error };
  if (operation.state !== 'done')
    throw new LabError('bug', `operation ${operation.id} is ${operation.state}, not over`);
  return { event: 'done', claims };
}
