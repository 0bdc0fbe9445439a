import { setTimeout as sleep } from 'node:timers/promises';
import { createRequestQueue } from './request-queue.ts';

const silence = new Error('silence');
const never = () => new Promise<never>(() => {});
const signal = () => AbortSignal.timeout(5000);

test('carries out one request at a time, in order', async () => {
  const queue = createRequestQueue(1000, () => silence);
  const events: string[] = [];
  const request = (name: string) => async () => {
    events.push(`${name} begins`);
    await sleep(5);
    events.push(`${name} ends`);
    return name;
  };
  expect(await Promise.all(['a', 'b'].map(name => queue.add(request(name), signal())))).toEqual(['a', 'b']);
  expect(events).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});

test('a request that fails does not hold up the next', async () => {
  const queue = createRequestQueue(1000, () => silence);
  const failure = new Error('no');
  const failed = queue.add(() => Promise.reject(failure), signal());
  const next = queue.add(async () => 'yes', signal());
  await expect(failed).rejects.toBe(failure);
  expect(await next).toBe('yes');
});

test('when the device is silent, who waits is told so too, and who comes later is served', async () => {
  const queue = createRequestQueue(30, () => silence);
  const results = await Promise.allSettled([never, async () => 1, async () => 2].map(ask => queue.add(ask, signal())));
  expect(results.map(result => result.status === 'rejected' && result.reason)).toEqual([silence, silence, silence]);
  expect(await queue.add(async () => 'again', signal())).toBe('again');
});

test('who gives up leaves the queue, and the others are served', async () => {
  const queue = createRequestQueue(1000, () => silence);
  const giveUp = new AbortController();
  const reason = new Error('enough');
  let isAsked = false;
  const first = queue.add(() => sleep(20, 'first'), signal());
  const second = queue.add(async () => {
    isAsked = true;
  }, giveUp.signal);
  const third = queue.add(async () => 'third', signal());
  giveUp.abort(reason);
  await expect(second).rejects.toBe(reason);
  expect(await Promise.all([first, third])).toEqual(['first', 'third']);
  expect(isAsked).toBe(false);
});

test('who gives up in the middle of a silent request frees the queue at once', async () => {
  const queue = createRequestQueue(5000, () => silence);
  const giveUp = new AbortController();
  const first = queue.add(never, giveUp.signal);
  const second = queue.add(async () => 'second', signal());
  giveUp.abort(new Error('enough'));
  await expect(first).rejects.toThrow('enough');
  expect(await second).toBe('second');
});
