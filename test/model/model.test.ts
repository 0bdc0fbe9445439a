import { resolve } from 'node:path';
import { runModel } from './model-run.ts';

const root = resolve(import.meta.dirname, '../..');
const events = 100_000;

test('five processes that change one lab at random, and are killed at random, keep every promise of the queue', async () => {
  const seed = Date.now() % 1_000_000;
  const { wrong, tried, changes, kills } = await runModel(root, { seed, events, workers: 5 });
  if (wrong !== undefined) throw new Error(`with the seed ${seed}, after ${tried} tries: ${wrong}`);
  expect(tried).toBeGreaterThanOrEqual(events);
  expect(changes).toBeGreaterThan(events / 4);
  expect(kills).toBeGreaterThan(2);
}, 300_000);
