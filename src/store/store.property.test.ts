import fc from 'fast-check';
import { sql } from 'kysely';
import { replayEvent, startReplay } from '../lab/replay.ts';
import { boardAt, type LabModel, serve } from './lab-model.ts';
import { openStore } from './open-store.ts';
import { openSqliteEngine } from './sqlite-engine.ts';
import type { OperationResult, Store } from './store.ts';
import { boardsOf, makeBoard } from './store-under-test.ts';

interface Real {
  readonly store: Store;
  readonly clock: { nowMs: number };
  /** Operations that were begun and have not ended, by board. */
  readonly running: Map<string, number>;
}

const boards = [makeBoard(1), makeBoard(2), makeBoard(3), makeBoard(1, 'pine')];
type Command = fc.AsyncCommand<LabModel, Real>;

/** A command that can always be given: what it is about is found in the model. After it, store and model are compared. */
function command(text: string, run: (model: LabModel, real: Real) => Promise<void>): Command {
  return {
    check: () => true,
    async run(model, real) {
      await run(model, real);
      await compare(model, real);
    },
    toString: () => text,
  };
}

function startAll({ running }: Real, granted: Awaited<ReturnType<Store['finishOperation']>>, expected: string[]): void {
  expect(boardsOf(granted)).toEqual(expected);
  for (const { id, claim } of granted) running.set(claim.board, id);
}

async function compare(model: LabModel, { store }: Real): Promise<void> {
  const lab = await store.readLab();
  for (const { handle, epoch, holder } of model.boards.values()) {
    const { claim, epoch: seen } = lab.boards[handle] ?? {};
    expect([handle, seen, claim && { user: claim.user, epoch: claim.epoch, expiresAtMs: claim.expiresAtMs }]).toEqual([
      handle,
      epoch,
      holder,
    ]);
  }
  const queue = model.queue.toSorted((a, b) => b.priority - a.priority || a.id - b.id).map(({ id }) => id);
  expect((await store.listQueue()).map(({ id }) => id)).toEqual(queue);
}

const users = fc.constantFrom('alice', 'bob', 'carol');
const leases = fc.constantFrom(1000, 60_000, 3_600_000);
const indexes = fc.nat(5);

const ask = fc
  .record({
    user: users,
    class: fc.constantFrom('rock', 'rock', 'pine'),
    count: fc.constantFrom(1, 1, 2, 3),
    priority: fc.constantFrom(0, 0, 3),
    leaseMs: leases,
    waits: fc.constantFrom(true, true, false),
    waitMs: fc.constantFrom(undefined, 5000),
  })
  .map(wish =>
    command(`ask ${JSON.stringify(wish)}`, async (model, real) => {
      const { user, class: name, count, priority, leaseMs, waits, waitMs } = wish;
      const asked = real.store.ask({
        user,
        wants: Array.from({ length: count }, () => ({ class: name, labels: [] })),
        leaseMs,
        power: 'off',
        priority,
        waits,
        ...(waitMs === undefined ? {} : { waitMs }),
        keys: [],
        limits: {},
      });
      const isEver = count <= [...model.boards.values()].filter(board => board.class === name).length;
      if (!isEver) {
        await expect(asked).rejects.toMatchObject({ code: 'not-found' });
        return;
      }
      // Who does not wait and gets nothing changes nothing, whatever else could have been given out by now.
      const trial = structuredClone(model);
      const id = Number.MAX_SAFE_INTEGER;
      const times = { sinceMs: model.nowMs, deadlineAtMs: model.nowMs + (waitMs ?? Number.POSITIVE_INFINITY) };
      const request = { id, user, class: name, count, priority, leaseMs, ...times };
      trial.queue.push(request);
      serve(trial);
      if (!waits && trial.queue.some(other => other.id === id)) {
        await expect(asked).rejects.toMatchObject({ code: 'busy' });
        return;
      }
      const { requestId, granted } = await asked;
      model.queue.push({ ...request, id: requestId });
      startAll(real, granted, serve(model));
    }),
  );

const finish = fc.tuple(indexes, fc.constantFrom('well', 'well', 'badly', 'dirty')).map(([index, how]) =>
  command(`finish ${index} ${how}`, async (model, real) => {
    const board = boardAt(model, index, ({ operation }) => operation !== undefined);
    if (!board) return;
    const isClaim = board.operation === 'claim';
    const endReason = isClaim ? 'failed' : 'released';
    const dirty = { setBars: [{ kind: 'dirty', reason: 'broken' }] } as const;
    const results: Record<typeof how, OperationResult> = {
      well: isClaim ? { state: 'done' } : { state: 'done', endReason, liftBars: ['dirty'] },
      badly: isClaim ? { state: 'failed', endReason } : { state: 'failed' },
      dirty: isClaim ? { state: 'failed', endReason, ...dirty } : { state: 'failed', ...dirty },
    };
    const granted = await real.store.finishOperation(real.running.get(board.handle) ?? 0, results[how]);
    real.running.delete(board.handle);
    board.operation = undefined;
    if (how === 'dirty') board.isDirty = true;
    if (how === 'well' && !isClaim) board.isDirty = false;
    const isEnd = isClaim ? how !== 'well' : how === 'well';
    if (isEnd) Object.assign(board, { holder: undefined, releasedAtMs: model.nowMs });
    startAll(real, granted, isEnd ? serve(model) : []);
  }),
);

const release = fc.tuple(indexes, fc.boolean()).map(([index, isStale]) =>
  command(`release ${index}${isStale ? ' at an older epoch' : ''}`, async (model, { store, running }) => {
    const board = boardAt(model, index, ({ holder }) => holder !== undefined);
    if (!board) return;
    const epoch = board.epoch - (isStale ? 1 : 0);
    const begun = store.beginOperation({ kind: 'release', board: board.handle, epoch, actor: 'alice' });
    if (isStale || board.operation) {
      await expect(begun).rejects.toMatchObject({ code: isStale ? 'denied' : 'busy' });
      return;
    }
    running.set(board.handle, (await begun).id);
    board.operation = 'release';
  }),
);

const extend = fc.tuple(indexes, leases).map(([index, leaseMs]) =>
  command(`extend ${index} ${leaseMs}`, async ({ boards: all, nowMs, ...model }, { store }) => {
    const board = boardAt({ ...model, boards: all, nowMs }, index, ({ holder }) => holder !== undefined);
    if (!board?.holder) return;
    const { handle, epoch, holder, window } = board;
    const extension = { board: handle, epoch, actor: 'alice', leaseMs, mostMs: 1e9, yieldsToWaiters: false };
    const expiresAtMs = Math.max(holder.expiresAtMs, nowMs + leaseMs);
    const isBeforeWindow = window && window.startsAtMs > nowMs && window.startsAtMs < expiresAtMs;
    if (holder.expiresAtMs <= nowMs) {
      await expect(store.extend(extension)).rejects.toMatchObject({ code: 'denied' });
    } else if (isBeforeWindow && expiresAtMs > holder.expiresAtMs) {
      await expect(store.extend(extension)).rejects.toMatchObject({ code: 'busy' });
    } else {
      expect(await store.extend(extension)).toMatchObject({ expiresAtMs });
      holder.expiresAtMs = expiresAtMs;
    }
  }),
);

const cancel = indexes.map(index =>
  command(`cancel ${index}`, async (model, { store }) => {
    const request = model.queue[index % Math.max(1, model.queue.length)];
    expect(await store.endRequest(request?.id ?? 0, 'cancelled', 'alice')).toBe(request !== undefined);
    model.queue = model.queue.filter(other => other !== request);
  }),
);

const bar = fc.tuple(indexes, fc.boolean()).map(([index, isSet]) =>
  command(`${isSet ? 'offline' : 'online'} ${index}`, async (model, real) => {
    const board = boardAt(model, index, () => true);
    if (!board) return;
    if (isSet) {
      await real.store.setBar({ board: board.handle, kind: 'offline', reason: 'so', actor: 'root' });
      board.isOffline = true;
      return;
    }
    const { isLifted, granted } = await real.store.liftBar(board.handle, 'offline', 'root');
    expect(isLifted).toBe(board.isOffline);
    board.isOffline = false;
    startAll(real, granted, serve(model));
  }),
);

const clean = indexes.map(index =>
  command(`clean ${index}`, async (model, real) => {
    const board = boardAt(model, index, ({ isDirty, holder }) => isDirty && !holder);
    if (!board) return;
    board.isDirty = false;
    startAll(real, (await real.store.liftBar(board.handle, 'dirty', 'system')).granted, serve(model));
  }),
);

const plan = fc
  .tuple(indexes, fc.constantFrom(0, 2000, 600_000), fc.constantFrom(1000, 60_000))
  .map(([index, inMs, lengthMs]) =>
    command(`maintenance ${index} in ${inMs} for ${lengthMs}`, async (model, { store }) => {
      const board = boardAt(model, index, () => true);
      if (!board) return;
      const window = { startsAtMs: model.nowMs + inMs, endsAtMs: model.nowMs + inMs + lengthMs };
      await store.setBar({ board: board.handle, kind: 'maintenance', reason: 'so', actor: 'root', ...window });
      board.window = window;
    }),
  );

const pass = fc.constantFrom(1, 1000, 60_000, 600_000).map(ms =>
  command(`${ms} ms pass`, async (model, { store, clock }) => {
    model.nowMs += ms;
    clock.nowMs = model.nowMs;
    const late = [...model.boards.values()].filter(({ holder }) => holder && holder.expiresAtMs <= model.nowMs);
    expect((await store.listExpired()).map(({ board }) => board).sort()).toEqual(
      late.map(({ handle }) => handle).sort(),
    );
    for (const { handle, epoch, holder } of model.boards.values()) {
      const isLive = holder !== undefined && holder.expiresAtMs > model.nowMs;
      expect([handle, await store.isLive(handle, epoch)]).toEqual([handle, isLive]);
    }
  }),
);

const settle = fc.constant(
  command('settle', async (model, real) => {
    const { granted } = await real.store.settle();
    model.queue = model.queue.filter(({ deadlineAtMs }) => deadlineAtMs > model.nowMs);
    startAll(real, granted, serve(model));
  }),
);

const commands = fc.commands([ask, ask, ask, finish, finish, release, extend, cancel, bar, clean, plan, pass, settle], {
  maxCommands: 60,
  size: 'max',
});

test('whatever happens in whatever order, the store does what a small model of the lab says', async () => {
  await fc.assert(
    fc.asyncProperty(commands, async sequence => {
      const clock = { nowMs: 1_000_000 };
      const engine = openSqliteEngine(':memory:', () => sql<number>`${sql.lit(clock.nowMs)}`);
      const store = await openStore(engine, () => {});
      try {
        await store.syncLab(['rock', 'pine'], boards);
        const start = () => ({
          model: {
            nowMs: clock.nowMs,
            boards: new Map(
              boards.map(({ handle, class: name }) => [
                handle,
                { handle, class: name, epoch: 0, releasedAtMs: 0, isDirty: false, isOffline: false },
              ]),
            ),
            queue: [],
          },
          real: { store, clock, running: new Map<string, number>() },
        });
        await fc.asyncModelRun(start, sequence);
        const events = await store.listEvents({ afterId: 0, limit: 100_000 });
        expect(events.reduce(replayEvent, startReplay())).toEqual(await store.readLab());
      } finally {
        await store.close();
      }
    }),
    { numRuns: 150 },
  );
});
