import { writeSync } from 'node:fs';
import Database from 'better-sqlite3';
import { LabError } from '../../src/lab/error.ts';
import { openModelStore } from './model-lab.ts';
import { createRandom } from './random.ts';
import { createRandomChanges } from './random-changes.ts';

/**
 * node test/model/worker.ts PATH SEED EVENTS: opens the store and tries so many random changes of it. Every 50 it writes a line.
 * With a seed that can be divided by 5 it also is the time keeper, of whom there is one at a time, as in labd. Ends with 1 when
 * something happened that is neither a change nor a refusal.
 */
const [path = '', seed = '', events = ''] = process.argv.slice(2);
const isTimeKeeper = Number(seed) % 5 === 0;
const store = await openModelStore(path);
const database = new Database(path, { timeout: 10_000 });
const changeAtRandom = createRandomChanges({ store, database, isTimeKeeper, random: createRandom(Number(seed)) });

for (let tried = 1; tried <= Number(events); tried += 1) {
  const change = { name: 'none' };
  try {
    await changeAtRandom(change);
  } catch (error) {
    if (!isRefusal(error)) {
      writeSync(2, `${change.name}: ${error instanceof Error ? error.stack : error}\n`);
      process.exit(1);
    }
  }
  if (tried % 50 === 0) writeSync(1, '50\n');
}
database.close();
await store.close();

function isRefusal(error: unknown): boolean {
  // Two who end the same operation at the same time: one of them is late.
  if (error instanceof LabError) return error.code !== 'bug' || error.message.endsWith('had ended already');
  return error instanceof Database.SqliteError && error.code === 'SQLITE_BUSY';
}
