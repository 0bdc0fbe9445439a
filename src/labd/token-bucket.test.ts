import { createTokenBucket } from './token-bucket.ts';

test('a burst is free; what is too much is owed, and paid with time', () => {
  let nowMs = 1000;
  const bucket = createTokenBucket({ perSecond: 10, burst: 30 }, () => nowMs);
  bucket.take(29);
  expect(bucket.waitMs()).toBe(0);
  bucket.take(21);
  // 20 are owed, and 10 must be there again.
  expect(bucket.waitMs()).toBe(3000);
  nowMs += 2900;
  expect(bucket.waitMs()).toBe(0);
  bucket.take(9);
  expect(bucket.waitMs()).toBe(1000);
  nowMs += 60_000;
  bucket.take(29);
  expect(bucket.waitMs()).toBe(0);
  bucket.take(1);
  expect(bucket.waitMs()).toBe(1000);
});
