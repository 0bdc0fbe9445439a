import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Operation } from '../lab/operation.ts';
import { openStore } from '../store/open-store.ts';
import { openSqliteEngine } from '../store/sqlite-engine.ts';
import type { Store, Wish } from '../store/store.ts';
import { makeBoard } from '../store/store-under-test.ts';
import { createChanges } from './changes.ts';
import { createTimeKeeper, type TimeKeeper } from './time-keeper.ts';

/** A real store on a clock of its own, and a monotonic clock that is driven by hand: both begin somewhere. */
const clock = { wallMs: 0, monotonicMs: 0 };
const secondMs = 1000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const graceMs = 5 * 60_000;
const settings = { holdGraceMs: 60_000, warnMs: 600_000, outageGraceMs: graceMs, historyMs: 400 * dayMs };

let directory: string;
let store: Store;
let keeper: TimeKeeper;
/** The board and the cause of each release that was begun, in order. */
let released: string[];

beforeEach(async () => {
  Object.assign(clock, { wallMs: 1_700_000_000_000, monotonicMs: 50_000 });
  directory = mkdtempSync(join(tmpdir(), 'labcli-time-'));
  store = await openStore(
    openSqliteEngine(join(directory, 'store.db'), () => sql<number>`${sql.lit(clock.wallMs)}`),
    () => {},
  );
  await store.syncLab(
    ['rock'],
    [1, 2, 3].map(number => makeBoard(number)),
  );
  released = [];
  keeper = await startKeeper();
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

/** The next labd, on the same store. What it begins is done at once. */
async function startKeeper(): Promise<TimeKeeper> {
  const start = (operation: Operation) => {
    released.push(`${operation.claim.board} ${operation.cause}`);
  };
  const next = createTimeKeeper({
    store,
    operations: { start, startAll: () => {} },
    changes: createChanges(),
    settings: () => settings,
    notify: () => {},
    monotonicMs: () => clock.monotonicMs,
    log: () => {},
  });
  await next.begin();
  await next.tick();
  return next;
}

const wish: Wish = {
  user: 'alice',
  wants: [{ class: 'rock', labels: [] }],
  leaseMs: hourMs,
  power: 'off',
  priority: 0,
  waits: false,
  keys: [],
  limits: {},
};

/** Gives the board. */
async function claim(changes: Partial<Wish>): Promise<string> {
  const [operation] = (await store.ask({ ...wish, ...changes })).granted;
  if (!operation) throw new Error('nothing is granted');
  await store.finishOperation(operation.id, { state: 'done' });
  return operation.claim.board;
}

/** How long the claim of the board still lasts. */
async function leftMs(board: string): Promise<number> {
  const record = await store.findBoard(board);
  return (record?.claim?.expiresAtMs ?? 0) - clock.wallMs;
}

/** Time passes as it does while labd runs: it ticks twice a second. Long stretches are gone through in steps of ten seconds. */
async function pass(ms: number): Promise<void> {
  const stepMs = ms > 60_000 ? 10 * secondMs : 500;
  for (let passed = 0; passed < ms; passed += stepMs) {
    clock.wallMs += stepMs;
    clock.monotonicMs += stepMs;
    await keeper.tick();
  }
}

/** Nothing ticks meanwhile; the two clocks may go on differently. */
async function leap(wallMs: number, monotonicMs: number): Promise<void> {
  clock.wallMs += wallMs;
  clock.monotonicMs += monotonicMs;
  await keeper.tick();
}

test('a lease that runs out is released, and none before', async () => {
  const board = await claim({ leaseMs: 20 * secondMs });
  await claim({});
  await pass(19 * secondMs);
  expect(released).toEqual([]);
  await pass(secondMs);
  expect(released).toEqual([`${board} expired`]);
});

test.each([
  ['forward by a day', dayMs],
  ['back by a day', -dayMs],
  ['forward by ten seconds', 10 * secondMs],
])('a clock that is set %s ends no lease, and each lasts as long as was left of it', async (_name, stepMs) => {
  const boards = [await claim({ leaseMs: 20 * secondMs }), await claim({ leaseMs: 2 * hourMs })];
  await pass(5 * secondMs);
  await leap(stepMs + 500, 500);
  expect(released).toEqual([]);
  expect(await Promise.all(boards.map(leftMs))).toEqual([14_500, 2 * hourMs - 5500]);
  await pass(14 * secondMs);
  expect(released).toEqual([]);
  await pass(secondMs);
  expect(released).toEqual([`${boards[0]} expired`]);
});

test('a clock that is a second fast or slow is left alone', async () => {
  const board = await claim({});
  const { claim: before } = (await store.findBoard(board)) ?? {};
  await leap(1500, 500);
  await leap(-500, 500);
  expect((await store.findBoard(board))?.claim).toEqual(before);
});

test('whoever waits for half an hour waits no shorter when the clock is set', async () => {
  await claim({ wants: Array.from({ length: 3 }, () => ({ class: 'rock', labels: [] })), leaseMs: dayMs });
  await store.ask({ ...wish, user: 'bob', waits: true, waitMs: hourMs / 2 });
  await leap(dayMs, 500);
  expect(await store.listQueue()).toHaveLength(1);
  await pass(hourMs / 2 - 10 * secondMs);
  expect(await store.listQueue()).toHaveLength(1);
  await pass(10 * secondMs);
  expect(await store.listQueue()).toEqual([]);
});

test('a machine that slept for an hour takes up its leases where they were', async () => {
  const board = await claim({ leaseMs: 20 * secondMs });
  await leap(hourMs, 500);
  expect([released, await leftMs(board)]).toEqual([[], 19_500]);
});

test('a labd that was stopped for an hour gives those whose leases ran out time to extend them', async () => {
  const [soon, held, long] = [
    await claim({ leaseMs: 20 * secondMs }),
    await claim({ leaseMs: 2 * hourMs, graceMs: 60_000 }),
    await claim({ leaseMs: 3 * hourMs }),
  ];
  await store.markAway(held, 1);
  await leap(hourMs, hourMs);
  expect(released).toEqual([]);
  expect([await leftMs(soon), await leftMs(long)]).toEqual([graceMs, 2 * hourMs]);
  expect(await store.isLive(held, 1)).toBe(true);
  await store.extend({ board: soon, epoch: 1, actor: 'alice', leaseMs: hourMs, mostMs: dayMs, yieldsToWaiters: false });
  await pass(graceMs + 10 * secondMs);
  expect(released).toEqual([`${held} disconnected`]);
  await pass(hourMs - graceMs);
  expect(released).toEqual([`${held} disconnected`, `${soon} expired`]);
});

test('a labd that was stopped for some seconds gives nobody more time', async () => {
  const board = await claim({ leaseMs: 5 * secondMs });
  await leap(10 * secondMs, 10 * secondMs);
  expect(released).toEqual([`${board} expired`]);
});

test('a labd that starts after an hour gives those whose leases ran out time to extend them', async () => {
  const board = await claim({ leaseMs: 20 * secondMs });
  clock.wallMs += hourMs;
  // Another process, perhaps after a reboot: its monotonic clock begins anew.
  clock.monotonicMs = 0;
  keeper = await startKeeper();
  expect([released, await leftMs(board)]).toEqual([[], graceMs]);
  await pass(graceMs + 10 * secondMs);
  expect(released).toEqual([`${board} expired`]);
});

test('a labd that starts again at once gives nobody more time', async () => {
  const board = await claim({ leaseMs: 20 * secondMs });
  await pass(19 * secondMs);
  clock.wallMs += 2 * secondMs;
  keeper = await startKeeper();
  expect(released).toEqual([`${board} expired`]);
});

test('what was given to whom, and why it moved, is in the log of events', async () => {
  await claim({ leaseMs: 20 * secondMs });
  await leap(dayMs, 500);
  await leap(hourMs, hourMs);
  const events = await store.listEvents({ limit: 100 });
  expect(events.filter(({ kind }) => kind === 'claim-moved').map(({ cause }) => cause)).toEqual([
    'the clock was set by 86400 s',
    'labd was away',
  ]);
});
