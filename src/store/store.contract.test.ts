import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, sql } from 'kysely';
import type { Board } from '../lab/board.ts';
import type { Operation } from '../lab/operation.ts';
import { openStore } from './open-store.ts';
import { openSqliteEngine } from './sqlite-engine.ts';
import type { Store, Wish } from './store.ts';

function makeBoard(number: number, className = 'rock'): Board {
  return {
    handle: `${className}-${number}`,
    class: className,
    architecture: 'arm64',
    labels: [],
    mac: `52:54:00:00:00:0${number}`,
    vlan: 100 + number,
    poePort: { switch: 'poe1', port: number },
    serial: { path: `/dev/ttyS${number}`, baudRate: 115_200 },
    network: {
      jailAddress: `10.77.0.${number}`,
      gateway: `10.96.${number}.1`,
      subnet: `10.96.${number}.0`,
      prefixLength: 24,
      boardAddress: `10.96.${number}.100`,
    },
    uidBase: number * 65_536,
  };
}

/** What every engine must do. `open` opens the same store again and again; the clock is the test's. */
const engines = {
  sqlite: (directory: string, clock: { nowMs: number }) =>
    openSqliteEngine(join(directory, 'store.db'), () => sql<number>`${sql.lit(clock.nowMs)}`),
};

describe.each(Object.entries(engines))('store on %s', (_name, openEngine) => {
  let directory: string;
  let clock: { nowMs: number };
  let store: Store;
  const wish: Wish = {
    wants: [{ class: 'rock', labels: [] }],
    user: 'alice',
    leaseMs: 1000,
    power: 'off',
    priority: 0,
    waits: false,
    keys: [],
    limits: {},
  };

  /** What one board is given with. */
  async function allocate(asked: Wish): Promise<Operation> {
    const { granted } = await store.ask(asked);
    const [first] = granted;
    if (!first || granted.length > 1) throw new Error(`${granted.length} boards were granted`);
    return first;
  }

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'labcli-store-'));
    clock = { nowMs: 1_000_000 };
    store = await openStore(openEngine(directory, clock), () => {});
    await store.syncLab(['rock', 'other'], [makeBoard(1), makeBoard(2), makeBoard(1, 'other')]);
  });
  afterEach(async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function claimAndFinish(user = 'alice') {
    const operation = await allocate({ ...wish, user });
    await store.finishOperation(operation.id, { state: 'done' });
    return operation.claim;
  }

  async function release(board: string, epoch: number) {
    const operation = await store.beginOperation({ kind: 'release', board, epoch, actor: 'alice' });
    await store.finishOperation(operation.id, { state: 'done', endReason: 'released', liftBars: ['dirty'] });
  }

  test('a claim has the next epoch, expires after the lease, and begins an operation', async () => {
    const { claim, ...operation } = await allocate(wish);
    expect(claim).toEqual({
      id: claim.id,
      board: 'rock-1',
      user: 'alice',
      epoch: 1,
      createdAtMs: 1_000_000,
      expiresAtMs: 1_001_000,
      requestId: claim.requestId,
      sharedWith: [],
      keys: [],
    });
    expect(operation).toMatchObject({ kind: 'claim', actor: 'alice', state: 'running', attempt: 0 });
    expect(await store.listUnfinishedOperations()).toEqual([{ ...operation, claim }]);
    expect(await store.findBoard('rock-1')).toMatchObject({ epoch: 1, claim, operation: { kind: 'claim' } });
  });

  test('the board that has been idle the longest is given first', async () => {
    const first = await claimAndFinish();
    const second = await claimAndFinish();
    expect([first.board, second.board]).toEqual(['rock-1', 'rock-2']);
    clock.nowMs += 1;
    await release('rock-2', 1);
    clock.nowMs += 1;
    await release('rock-1', 1);
    expect((await claimAndFinish()).board).toBe('rock-2');
  });

  test('when none is free, the caller is told who has them and until when', async () => {
    await claimAndFinish();
    clock.nowMs += 600_000;
    await claimAndFinish('bob');
    await expect(allocate(wish)).rejects.toMatchObject({
      code: 'busy',
      message: 'no board is free: rock',
      hint: [
        'rock-1: alice until 1970-01-01 00:16 UTC',
        'rock-2: bob until 1970-01-01 00:26 UTC',
        '`--wait` waits in the queue',
      ].join('\n'),
    });
    await expect(allocate({ ...wish, wants: [{ labels: [], class: 'rook' }] })).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  test('one operation at a time: the second is told what is running', async () => {
    const { claim } = await allocate(wish);
    const begin = { kind: 'reinit', board: claim.board, epoch: claim.epoch, actor: 'alice' } as const;
    await expect(store.beginOperation(begin)).rejects.toMatchObject({
      code: 'busy',
      message: 'rock-1 is busy: its claim is running (alice)',
    });
  });

  test('an operation in the name of an older epoch is refused', async () => {
    const { board, epoch } = await claimAndFinish();
    await release(board, epoch);
    const again = await Promise.all([claimAndFinish(), claimAndFinish()]);
    expect(again.map(claim => claim.epoch).sort()).toEqual([1, 2]);
    await expect(store.beginOperation({ kind: 'release', board, epoch, actor: 'alice' })).rejects.toMatchObject({
      code: 'denied',
    });
    expect([await store.isLive(board, 1), await store.isLive(board, 2)]).toEqual([false, true]);
  });

  test('a quarantined board is not given out, is not reinitialized, and a release lifts it', async () => {
    const { board, epoch } = await claimAndFinish();
    const failed = await store.beginOperation({ kind: 'release', board, epoch, actor: 'alice' });
    const error = { code: 'device', message: 'the switch is dead' } as const;
    await store.finishOperation(failed.id, {
      state: 'failed',
      error,
      setBars: [{ kind: 'dirty', reason: 'the switch is dead' }],
    });
    expect(await store.findOperation(failed.id)).toMatchObject({ state: 'failed', error });
    expect(await store.findBoard(board)).toMatchObject({
      bars: [{ kind: 'dirty', reason: 'the switch is dead' }],
      claim: { epoch },
    });
    await expect(store.beginOperation({ kind: 'reinit', board, epoch, actor: 'alice' })).rejects.toMatchObject({
      code: 'busy',
    });
    await release(board, epoch);
    const free = await store.findBoard(board);
    expect([free?.bars, free?.claim]).toEqual([[], undefined]);
  });

  test('a board that nobody holds stays quarantined until that is lifted', async () => {
    const { id } = await allocate(wish);
    await store.markUndoing(id, { code: 'device', message: 'no' });
    expect(await store.findOperation(id)).toMatchObject({ state: 'undoing', error: { message: 'no' } });
    await store.finishOperation(id, {
      state: 'failed',
      endReason: 'failed',
      setBars: [{ kind: 'dirty', reason: 'no' }],
    });
    expect((await claimAndFinish()).board).toBe('rock-2');
    await expect(allocate(wish)).rejects.toMatchObject({ code: 'busy' });
    await store.liftBar('rock-1', 'dirty', 'system');
    expect((await claimAndFinish()).board).toBe('rock-1');
  });

  test('the clock of the store decides what has run out', async () => {
    const claim = await claimAndFinish();
    clock.nowMs += 999;
    expect([await store.isLive('rock-1', 1), await store.listExpired()]).toEqual([true, []]);
    clock.nowMs += 1;
    expect([await store.isLive('rock-1', 1), await store.listExpired()]).toEqual([false, [claim]]);
    expect(await store.nowMs()).toBe(clock.nowMs);
  });

  test('a board that lab.yaml no longer names stays while it is claimed, and its epoch goes on when it comes back', async () => {
    const { board, epoch } = await claimAndFinish();
    await store.syncLab(['rock'], [makeBoard(2)]);
    expect((await store.listBoards()).map(record => [record.board.handle, record.isListed])).toEqual([
      ['rock-1', false],
      ['rock-2', true],
    ]);
    await release(board, epoch);
    expect((await store.listBoards()).map(record => record.board.handle)).toEqual(['rock-2']);
    await claimAndFinish();
    await expect(allocate(wish)).rejects.toMatchObject({ code: 'busy' });
    await store.syncLab(['rock'], [makeBoard(1), makeBoard(2)]);
    expect(await claimAndFinish()).toMatchObject({ board: 'rock-1', epoch: 2 });
  });

  test('everything is there again after the store was closed and opened', async () => {
    const operation = await allocate({ ...wish, power: 'on' });
    await store.recordStep(operation.id, 'build-jail', 2);
    await store.close();
    store = await openStore(openEngine(directory, clock), () => {});
    expect(await store.listUnfinishedOperations()).toEqual([{ ...operation, step: 'build-jail', attempt: 2 }]);
    expect(await store.findBoard('rock-1')).toMatchObject({ powerWanted: 'on' });
  });

  test('fifty at once for two boards: two have one each', async () => {
    const wishes = Array.from({ length: 50 }, (_, index) => allocate({ ...wish, user: `user${index}` }));
    const results = await Promise.allSettled(wishes);
    const winners = results.flatMap(result => (result.status === 'fulfilled' ? [result.value.claim.board] : []));
    expect(winners.sort()).toEqual(['rock-1', 'rock-2']);
  });

  test('a store of a newer labd is refused in a sentence', async () => {
    await store.close();
    const engine = openEngine(directory, clock);
    const database = new Kysely<{ kysely_migration: { name: string; timestamp: string } }>(engine);
    await database.insertInto('kysely_migration').values({ name: '999-later', timestamp: '' }).execute();
    await database.destroy();
    await expect(openStore(openEngine(directory, clock), () => {})).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('newer labd'),
    });
    rmSync(directory, { recursive: true });
    directory = mkdtempSync(join(tmpdir(), 'labcli-store-'));
    store = await openStore(openEngine(directory, clock), () => {});
  });
});
