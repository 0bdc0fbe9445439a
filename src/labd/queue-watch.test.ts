import type { Store } from '../store/store.ts';
import { describeStore, makeBoard } from '../store/store-under-test.ts';
import { createChanges } from './changes.ts';
import { createQueueWatch, type QueueWatch, type WaitingEvent } from './queue-watch.ts';

/** The store, and how often it was asked about the queue. */
function countLooks(store: Store) {
  const looks: string[] = [];
  const counted: Store = {
    ...store,
    listQueue() {
      looks.push('queue');
      return store.listQueue();
    },
    listHolders(...args) {
      looks.push('holders');
      return store.listHolders(...args);
    },
    listWaiting() {
      looks.push('waiting');
      return store.listWaiting();
    },
  };
  return { looks, counted };
}

/** Listens to the end; `at(n)` comes back when so many events were told. */
function follow(watch: QueueWatch, requestId: number, signal = new AbortController().signal) {
  const told: WaitingEvent[] = [];
  let news = Promise.withResolvers<void>();
  const listen = async () => {
    for await (const event of watch.follow(requestId, signal)) {
      told.push(event);
      news.resolve();
    }
    return told.map(({ position }) => position);
  };
  const ended = listen();
  return {
    ended,
    async at(count: number): Promise<WaitingEvent | undefined> {
      while (told.length < count) {
        news = Promise.withResolvers();
        await Promise.race([news.promise, ended]);
      }
      return told[count - 1];
    },
  };
}

describeStore('who waits', [makeBoard(1), makeBoard(2)], lab => {
  const waiter = async (user: string) => (await lab.ask({ user, waits: true })).requestId;

  test('a hundred are told by a look or two: where they stand, who holds the boards, and until when', async () => {
    const first = await lab.claim({ leaseMs: 5000 });
    await lab.claim({ user: 'bob', leaseMs: 9000 });
    const changes = createChanges();
    const { looks, counted } = countLooks(lab.store);
    const watch = createQueueWatch(counted, changes);
    const requests: number[] = [];
    for (let index = 0; index < 100; index++) requests.push(await waiter(`user${index}`));
    const followers = requests.map(id => follow(watch, id));
    const holders = [
      { board: 'rock-1', user: 'alice', untilMs: 1_005_000 },
      { board: 'rock-2', user: 'bob', untilMs: 1_009_000 },
    ];
    expect(await followers[0]?.at(1)).toEqual({ event: 'waiting', position: 1, holders, expectedAtMs: 1_005_000 });
    expect(await followers[1]?.at(1)).toEqual({ event: 'waiting', position: 2, holders, expectedAtMs: 1_009_000 });
    expect(await followers[99]?.at(1)).toEqual({ event: 'waiting', position: 100, holders });
    expect(looks.length).toBeLessThan(6);

    await lab.release(first);
    changes.tell();
    expect(await followers[0]?.ended).toEqual([1]);
    expect(await followers[99]?.at(2)).toMatchObject({ position: 99 });
    expect(await followers[1]?.at(2)).toMatchObject({ position: 1 });
    expect(looks.length).toBeLessThan(12);
    for (const id of requests) await lab.store.endRequest(id, 'cancelled', 'alice');
    changes.tell();
    expect(await Promise.all(followers.slice(1).map(({ ended }) => ended))).toHaveLength(99);
  });

  test('whoever does not wait any more is told at once, whoever left is not told, and a failure is told to all', async () => {
    await lab.claim();
    await lab.claim();
    const changes = createChanges();
    let failure: Error | undefined;
    const failing: Store = {
      ...lab.store,
      listWaiting: () => (failure ? Promise.reject(failure) : lab.store.listWaiting()),
    };
    const watch = createQueueWatch(failing, changes);
    const [first, second, third] = [await waiter('bob'), await waiter('carol'), await waiter('dave')];
    const left = new AbortController();
    const [bob, carol, dave] = [follow(watch, first), follow(watch, second, left.signal), follow(watch, third)];
    await Promise.all([bob.at(1), carol.at(1), dave.at(1)]);
    await lab.store.endRequest(first, 'cancelled', 'bob');
    changes.tell();
    expect(await bob.ended).toEqual([1]);
    left.abort();
    await expect(carol.ended).rejects.toMatchObject({ code: 'unreachable' });
    failure = new Error('the disk is full');
    changes.tell();
    await expect(dave.ended).rejects.toBe(failure);
    failure = undefined;
    expect(await follow(watch, first).ended).toEqual([]);
  });
});
