import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import Database from 'better-sqlite3';
import { replayEvent, startReplay } from '../../src/lab/replay.ts';
import { createLogCheck } from './check-log.ts';
import { toReplayed } from './checked-lab.ts';
import { makeModelStore, openModelStore } from './model-lab.ts';
import { createRandom } from './random.ts';
import { createLogReader } from './read-log.ts';
import { createWorkers } from './workers.ts';

/** What a run has found, one line of JSON. */
export interface ModelResult {
  /** Changes that were tried, those that were made, and the events that they left. */
  readonly tried: number;
  readonly changes: number;
  readonly events: number;
  readonly kills: number;
  /** What must not be, and was. */
  readonly wrong?: string;
}

/**
 * node test/model/run-model.ts PATH SEED EVENTS WORKERS: makes a store, lets workers try so many random changes of it, kills and
 * starts them meanwhile, and checks the log of events as it grows. Ends with the first thing that is wrong.
 */
const [path = '', seed = '', events = '', workerCount = ''] = process.argv.slice(2);
const check = createLogCheck();
await makeModelStore(path);
const database = new Database(path, { readonly: true, timeout: 10_000 });
const readNewEvents = createLogReader(database);
const workers = createWorkers({
  path,
  seed: Number(seed),
  events: Number(events),
  count: Number(workerCount),
  random: createRandom(Number(seed)),
});
let eventCount = 0;
let wrong: string | undefined;
try {
  const done = new AbortController();
  const work = workers.run().finally(() => done.abort());
  await Promise.all([work, checkAsItGrows(done.signal)]);
  checkNewEvents();
  await compareWithStore();
} catch (error) {
  wrong = error instanceof Error ? error.message : String(error);
  workers.stop();
}
database.close();
const { tried, kills } = workers;
const result: ModelResult = {
  tried,
  changes: check.changes,
  events: eventCount,
  kills,
  ...(wrong === undefined ? {} : { wrong }),
};
writeSync(1, `${JSON.stringify(result)}\n`);

async function checkAsItGrows(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    checkNewEvents();
    await sleep(100, undefined, { signal }).catch(() => {});
  }
}

function checkNewEvents(): void {
  const added = readNewEvents();
  eventCount += added.length;
  check.read(added);
}

/** The state can be rebuilt from the events: by the model's reading and by the lab's own, with and without a snapshot. */
async function compareWithStore(): Promise<void> {
  const store = await openModelStore(path);
  try {
    await store.settle();
    checkNewEvents();
    const state = await store.readLab();
    if (!isDeepStrictEqual(toReplayed(check.lab), state))
      throw new Error('the events tell another state than the tables');
    for (const droppedBeforeMs of [0, await store.nowMs()]) {
      await store.dropHistory(droppedBeforeMs);
      let replayed = startReplay();
      for (let afterId = 0; ; ) {
        const page = await store.listEvents({ afterId, limit: 10_000 });
        replayed = page.reduce(replayEvent, replayed);
        const last = page.at(-1);
        if (!last) break;
        afterId = last.id;
      }
      if (!isDeepStrictEqual(replayed, state))
        throw new Error('the lab is replayed to another state than its tables have');
    }
  } finally {
    await store.close();
  }
  const [integrity] = database.pragma('integrity_check', { simple: false }) as [{ integrity_check: string }];
  if (integrity.integrity_check !== 'ok') throw new Error(`the file is damaged: ${integrity.integrity_check}`);
}
