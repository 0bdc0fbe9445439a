import type { ClaimedBoard, OperationEvent, QueuedRequest } from '../api/messages.ts';
import type { Claim } from '../lab/claim.ts';
import { LabError } from '../lab/error.ts';
import { type Operation, systemActor } from '../lab/operation.ts';
import type { RequestEnd } from '../lab/request.ts';
import type { Store } from '../store/store.ts';
import type { Changes } from './changes.ts';
import { createQueueWatch } from './queue-watch.ts';

/** Where those are who wait for boards: each is told where they stand, and what becomes of what they are granted. */
export interface WaitingRoom {
  /** A request's events, up to the claims that stand or the error. The signal ends it. */
  follow(requestId: number, signal: AbortSignal): AsyncGenerator<OperationEvent>;
  /** The queue with places. */
  list(): Promise<QueuedRequest[]>;
  /** Ends the requests that nobody follows: their connections are gone. */
  endForsaken(): Promise<void>;
}

export function createWaitingRoom(options: {
  readonly store: Store;
  readonly changes: Changes;
  readonly followOperation: (operation: Operation, signal: AbortSignal) => AsyncIterable<OperationEvent>;
  readonly describe: (claim: Claim) => Promise<ClaimedBoard>;
}): WaitingRoom {
  const { store, changes, followOperation, describe } = options;
  const followers = new Map<number, number>();
  let suspects: ReadonlySet<number> = new Set();
  const watch = createQueueWatch(store, changes);

  async function* tellPlaces(requestId: number, signal: AbortSignal): AsyncGenerator<OperationEvent, RequestEnd> {
    yield* watch.follow(requestId, signal);
    const request = await store.findRequest(requestId);
    if (request?.ended !== undefined) return request.ended;
    throw new LabError('not-found', `there is no request ${requestId}`);
  }

  /** What is granted is built side by side, and told as it comes. */
  async function* tellBuilding(requestId: number, signal: AbortSignal): AsyncGenerator<OperationEvent> {
    const operations = await store.listClaimOperations(requestId);
    const claims: ClaimedBoard[] = [];
    let failure: Extract<OperationEvent, { event: 'error' }> | undefined;
    for await (const event of merge(operations.map(operation => followOperation(operation, signal)))) {
      if (event.event === 'error') failure ??= event;
      else if (event.event === 'done') claims.push(...event.claims);
      else yield event;
    }
    if (failure) {
      yield failure;
      return;
    }
    // Boards that were built first may have been lost while the others were built.
    const standing: ClaimedBoard[] = [];
    for (const { claim } of operations) {
      const record = await store.findBoard(claim.board);
      if (record?.claim?.epoch === claim.epoch) standing.push(await describe(record.claim));
    }
    if (standing.length < operations.length) {
      yield { event: 'error', error: { code: 'denied', message: 'the claim has ended already' } };
      return;
    }
    yield { event: 'done', claims: standing };
  }

  return {
    async *follow(requestId, signal) {
      followers.set(requestId, (followers.get(requestId) ?? 0) + 1);
      try {
        yield { event: 'request', id: requestId };
        const end = yield* tellPlaces(requestId, signal);
        if (end === 'granted') yield* tellBuilding(requestId, signal);
        else yield { event: 'error', error: errorOf(end).toMessage() };
      } finally {
        const left = (followers.get(requestId) ?? 1) - 1;
        if (left > 0) followers.set(requestId, left);
        else followers.delete(requestId);
      }
    },
    async list() {
      const queue = await store.listQueue();
      return queue.map(({ seq: _, createdAtMs, ...request }, index) => ({
        ...request,
        position: index + 1,
        sinceMs: createdAtMs,
      }));
    },
    async endForsaken() {
      const unfollowed = (await store.listQueue()).filter(({ id }) => !followers.has(id));
      // One that was not followed a round ago either: a new one may not have had the time.
      for (const { id } of unfollowed) if (suspects.has(id)) await store.endRequest(id, 'disconnected', systemActor);
      suspects = new Set(unfollowed.map(({ id }) => id));
    },
  };
}

function errorOf(end: RequestEnd): LabError {
  switch (end) {
    case 'timeout':
      return new LabError('timeout', 'no board came free in the time that you would wait');
    case 'no such board any more':
      return new LabError('not-found', 'lab.yaml has no board any more that you could get', {
        hint: '`labcli classes` and `labcli status` list what there is',
      });
    case 'removed by an admin':
      return new LabError('denied', 'an admin has ended your request');
    default:
      return new LabError('denied', `your request was ${end}`);
  }
}

/** Everything that several streams tell, as it comes. */
async function* merge<T>(streams: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  const iterators = streams.map(stream => stream[Symbol.asyncIterator]());
  const pending = new Map(iterators.map((iterator, index) => [index, next(iterator, index)]));
  while (pending.size > 0) {
    const { index, result } = await Promise.race(pending.values());
    const iterator = iterators[index];
    if (result.done || !iterator) pending.delete(index);
    else {
      pending.set(index, next(iterator, index));
      yield result.value;
    }
  }
}

async function next<T>(iterator: AsyncIterator<T>, index: number) {
  return { index, result: await iterator.next() };
}
