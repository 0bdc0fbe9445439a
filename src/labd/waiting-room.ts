import { setTimeout as sleep } from 'node:timers/promises';
import type { ClaimedBoard, OperationEvent, QueuedRequest } from '../api/messages.ts';
import type { Claim } from '../lab/claim.ts';
import { LabError } from '../lab/error.ts';
import { type Operation, systemActor } from '../lab/operation.ts';
import type { Request, RequestEnd } from '../lab/request.ts';
import { signatureOf } from '../lab/want.ts';
import type { Holder, Store } from '../store/store.ts';
import type { Changes } from './changes.ts';

/** Where those are who wait for boards: each is told where they stand, and what becomes of what they are granted. */
export interface WaitingRoom {
  /** A request's events, up to the claims that stand or the error. The signal ends it. */
  follow(requestId: number, signal: AbortSignal): AsyncGenerator<OperationEvent>;
  /** The queue with places. */
  list(): Promise<QueuedRequest[]>;
  /** Ends the requests that nobody follows: their connections are gone. */
  endForsaken(): Promise<void>;
}

const mostHoldersTold = 5;
/** A waiter is told of the changes of others at most this often; of a board of their own, at once. */
const pauseMs = 200;

export function createWaitingRoom(options: {
  readonly store: Store;
  readonly changes: Changes;
  readonly followOperation: (operation: Operation, signal: AbortSignal) => AsyncIterable<OperationEvent>;
  readonly describe: (claim: Claim) => Promise<ClaimedBoard>;
}): WaitingRoom {
  const { store, changes, followOperation, describe } = options;
  const followers = new Map<number, number>();
  let suspects: ReadonlySet<number> = new Set();
  let snapshot: Promise<Snapshot> | undefined;

  /** One look at the queue serves all who wait. */
  function look(): Promise<Snapshot> {
    snapshot ??= takeSnapshot(store).finally(() => {
      snapshot = undefined;
    });
    return snapshot;
  }

  async function* tellPlaces(requestId: number, signal: AbortSignal): AsyncGenerator<OperationEvent, RequestEnd> {
    let told = '';
    for (;;) {
      const changed = changes.wait(signal);
      const request = await store.findRequest(requestId);
      if (!request) throw new LabError('not-found', `there is no request ${requestId}`);
      if (request.ended !== undefined) return request.ended;
      const place = await placeOf(request, await look());
      if (place && JSON.stringify(place) !== told) {
        told = JSON.stringify(place);
        yield place;
        await Promise.race([changed, sleep(pauseMs, undefined, { ref: false })]);
      }
      await changed;
      if (signal.aborted) throw new LabError('unreachable', 'the connection ended');
    }
  }

  async function placeOf(request: Request, { queue, holdersOf }: Snapshot) {
    const index = queue.findIndex(({ id }) => id === request.id);
    if (index < 0) return undefined;
    const holders = await holdersOf(request);
    const ahead = queue.slice(0, index).filter(other => competes(other, request));
    const boardsAhead = ahead.reduce((sum, { wants }) => sum + wants.length, 0);
    const last = holders[boardsAhead + request.wants.length - 1];
    return {
      event: 'waiting',
      position: index + 1,
      holders: holders.slice(0, mostHoldersTold),
      ...(last === undefined ? {} : { expectedAtMs: last.untilMs }),
    } as const;
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

interface Snapshot {
  readonly queue: readonly Request[];
  holdersOf(request: Request): Promise<readonly Holder[]>;
}

async function takeSnapshot(store: Store): Promise<Snapshot> {
  const known = new Map<string, Promise<readonly Holder[]>>();
  return {
    queue: await store.listQueue(),
    holdersOf({ wants }) {
      const signature = signatureOf(wants);
      const holders = known.get(signature) ?? store.listHolders(wants);
      known.set(signature, holders);
      return holders;
    },
  };
}

/** Could they want the same board? Labels may tell them apart, so this errs on the side of a longer wait. */
function competes(a: Request, b: Request): boolean {
  return a.wants.some(one =>
    b.wants.some(other => {
      if (one.board !== undefined && other.board !== undefined) return one.board === other.board;
      return one.class === undefined || other.class === undefined || one.class === other.class;
    }),
  );
}

function errorOf(end: RequestEnd): LabError {
  switch (end) {
    case 'timeout':
      return new LabError('timeout', 'no board came free in the time that you would wait');
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
