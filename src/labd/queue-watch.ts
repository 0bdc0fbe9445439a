import type { OperationEvent } from '../api/messages.ts';
import { LabError } from '../lab/error.ts';
import { findPlaces, type Place } from '../lab/place.ts';
import type { Holder, Store } from '../store/store.ts';
import type { Changes } from './changes.ts';

export type WaitingEvent = Extract<OperationEvent, { event: 'waiting' }>;

/** Looks at the queue for all who wait in it: a thousand of them would look for a second at each change, one for a hundredth. */
export interface QueueWatch {
  /** Where the request stands, whenever that has changed; ends when it waits no longer. */
  follow(requestId: number, signal: AbortSignal): AsyncGenerator<WaitingEvent>;
}

interface Follower {
  readonly requestId: number;
  told: string;
  place?: WaitingEvent;
  isOver: boolean;
  failure?: unknown;
  wake(): void;
}

const mostHoldersTold = 5;
/** A waiter is told of the changes of others at most this often, and by a tenth of the time; of a board of their own, at once. */
const pauseMs = 200;
const mostShare = 10;

export function createQueueWatch(store: Store, changes: Changes): QueueWatch {
  const followers = new Set<Follower>();
  let isStale = false;
  let isLooking = false;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let lookMs = 0;
  let timer: NodeJS.Timeout | undefined;

  /** Somebody new wants to know where they stand, and shares a look with all who came while the last one took place. */
  function nextLookMs(): number {
    const hasNew = [...followers].some(({ told }) => told === '');
    return lookedAtMs + (hasNew ? lookMs : Math.max(pauseMs, mostShare * lookMs));
  }

  async function look(): Promise<void> {
    isStale = true;
    if (isLooking) return;
    isLooking = true;
    try {
      while (isStale && followers.size > 0) {
        isStale = false;
        const leftMs = nextLookMs() - performance.now();
        if (leftMs <= 0) {
          await lookAtPlaces();
        } else {
          await lookWhoIsGone();
          timer ??= setTimeout(lookLater, leftMs).unref();
        }
      }
    } catch (error) {
      for (const follower of followers) {
        follower.failure = error;
        follower.wake();
      }
    } finally {
      isLooking = false;
    }
  }

  function lookLater(): void {
    timer = undefined;
    void look();
  }

  async function lookAtPlaces(): Promise<void> {
    const startMs = performance.now();
    clearTimeout(timer);
    timer = undefined;
    const places = await readPlaces(store);
    for (const follower of followers) {
      const place = places.get(follower.requestId);
      const text = JSON.stringify(place) ?? '';
      if (place && text === follower.told) continue;
      follower.told = text;
      if (place) follower.place = place;
      else follower.isOver = true;
      follower.wake();
    }
    lookedAtMs = performance.now();
    lookMs = lookedAtMs - startMs;
  }

  async function lookWhoIsGone(): Promise<void> {
    const waiting = await store.listWaiting();
    for (const follower of followers) {
      if (waiting.has(follower.requestId)) continue;
      follower.isOver = true;
      follower.wake();
    }
  }

  changes.listen(() => void look());

  return {
    async *follow(requestId, signal) {
      let news = Promise.withResolvers<void>();
      const follower: Follower = { requestId, told: '', isOver: false, wake: () => news.resolve() };
      const leave = () => follower.wake();
      signal.addEventListener('abort', leave);
      followers.add(follower);
      void look();
      try {
        for (;;) {
          await news.promise;
          news = Promise.withResolvers();
          if (signal.aborted) throw new LabError('unreachable', 'the connection ended');
          if (follower.failure !== undefined) throw follower.failure;
          const { place } = follower;
          delete follower.place;
          if (follower.isOver) return;
          if (place) yield place;
        }
      } finally {
        followers.delete(follower);
        signal.removeEventListener('abort', leave);
      }
    },
  };
}

async function readPlaces(store: Store): Promise<ReadonlyMap<number, WaitingEvent>> {
  const places = findPlaces(await store.listQueue());
  const needed = new Map<string, Place>();
  for (const place of places) needed.set(place.signature, place);
  const holders = new Map<string, readonly Holder[]>();
  // The last of those who want the same looks the furthest.
  for (const [signature, { request, boardsAhead }] of needed) {
    const { wants } = request;
    const limit = Math.max(mostHoldersTold, boardsAhead + wants.length);
    holders.set(signature, await store.listHolders(wants, limit));
  }
  return new Map(places.map(place => [place.request.id, tell(place, holders.get(place.signature) ?? [])]));
}

function tell({ request, position, boardsAhead }: Place, holders: readonly Holder[]): WaitingEvent {
  const last = holders[boardsAhead + request.wants.length - 1];
  return {
    event: 'waiting',
    position,
    holders: holders.slice(0, mostHoldersTold),
    ...(last === undefined ? {} : { expectedAtMs: last.untilMs }),
  };
}
