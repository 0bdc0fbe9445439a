import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, Migrator, sql } from 'kysely';
import { replayEvent, startReplay } from '../lab/replay.ts';
import { addClaims } from './migrations/001-claims.ts';
import { openStore } from './open-store.ts';
import { openSqliteEngine } from './sqlite-engine.ts';
import { describeStore, makeBoard, type StoreUnderTest } from './store-under-test.ts';

/** Boards as the first labd knew them: without labels. */
function makeOldBoard(number: number) {
  const { labels: _, ...board } = makeBoard(number);
  return board;
}

describeStore('migration', [], lab => {
  /** A store as the first labd left it: rock-1 is held, rock-2 could not be cleaned, rock-3 is free. */
  async function writeOldStore(): Promise<void> {
    const engine = openEmptyEngine(lab);
    // biome-ignore lint/suspicious/noExplicitAny: the tables as they were
    const database = new Kysely<any>(engine);
    const migrations = { '001-claims': { up: (old: typeof database) => addClaims(old, engine) } };
    const migrator = new Migrator({ db: database, provider: { getMigrations: async () => migrations } });
    const { error } = await migrator.migrateToLatest();
    if (error) throw error;
    await database.insertInto('class').values({ name: 'rock', seq: 4 }).execute();
    for (const number of [1, 2, 3]) {
      const definition = JSON.stringify(makeOldBoard(number));
      const values = { handle: `rock-${number}`, class: 'rock', definition, is_listed: 1 };
      await database.insertInto('board').values(values).execute();
    }
    const claim = { user_name: 'alice', created_at: 900_000, expires_at: 1_900_000 };
    const over = { ended_at: 950_000, end_reason: 'released' };
    await database
      .insertInto('claim')
      .values({ ...claim, ...over, board: 'rock-1', epoch: 6 })
      .execute();
    await database
      .insertInto('claim')
      .values({ ...claim, board: 'rock-1', epoch: 7 })
      .execute();
    await database
      .insertInto('operation')
      .values({
        board: 'rock-1',
        kind: 'claim',
        claim_id: 2,
        actor: 'alice',
        state: 'done',
        created_at: 900_000,
        updated_at: 900_001,
        finished_at: 900_001,
      })
      .execute();
    await database.updateTable('board').set({ claim_id: 2, epoch: 7 }).where('handle', '=', 'rock-1').execute();
    await database
      .updateTable('board')
      .set({ quarantine: 'the switch is dead', epoch: 3 })
      .where('handle', '=', 'rock-2')
      .execute();
    await database.destroy();
  }

  /** In a folder of its own: the one that the contract opened has today's tables. */
  const openEmptyEngine = ({ directory, clock }: StoreUnderTest) =>
    openSqliteEngine(join(directory, 'old.db'), () => sql<number>`${sql.lit(clock.nowMs)}`);

  async function openOldStore() {
    const logged: string[] = [];
    const store = await openStore(openEmptyEngine(lab), text => logged.push(text));
    return { store, logged };
  }

  test('a store of the first labd is brought up to date: claims and epochs stay, a quarantine is a bar', async () => {
    await writeOldStore();
    const { store } = await openOldStore();
    try {
      const records = await store.listBoards();
      expect(
        records.map(({ board, epoch, bars, claim }) => [board.handle, board.labels, epoch, bars, claim?.user]),
      ).toEqual([
        ['rock-1', [], 7, [], 'alice'],
        [
          'rock-2',
          [],
          3,
          [{ kind: 'dirty', reason: 'the switch is dead', actor: 'system', sinceMs: 1_000_000 }],
          undefined,
        ],
        ['rock-3', [], 0, [], undefined],
      ]);
      expect(await store.isLive('rock-1', 7)).toBe(true);
      expect((await store.listHistory({ limit: 9 })).map(({ epoch, reason }) => [epoch, reason])).toEqual([
        [7, undefined],
        [6, 'released'],
      ]);
      expect(await store.listOrphans()).toEqual([]);
    } finally {
      await store.close();
    }
  });

  test('a store that was brought up to date goes on: boards are given out, labels follow, events tell all of it', async () => {
    await writeOldStore();
    const { store } = await openOldStore();
    try {
      const replay = async () =>
        (await store.listEvents({ afterId: 0, limit: 999 })).reduce(replayEvent, startReplay());
      expect(await replay()).toEqual(await store.readLab());
      await store.syncLab(
        ['rock'],
        [1, 2, 3].map(number => makeBoard(number, 'rock', ['sdmux'])),
      );
      expect(await replay()).toEqual(await store.readLab());
      const wish = { user: 'bob', leaseMs: 9, power: 'off', priority: 0, waits: true, keys: [], limits: {} } as const;
      const { granted } = await store.ask({ ...wish, wants: [{ class: 'rock', labels: ['sdmux'] }] });
      expect(granted.map(({ claim }) => [claim.board, claim.epoch])).toEqual([['rock-3', 1]]);
      await store.ask({ ...wish, wants: [{ board: 'rock-3', labels: [] }] });
      const { id } = await store.beginOperation({ kind: 'release', board: 'rock-1', epoch: 7, actor: 'alice' });
      await store.finishOperation(id, { state: 'done', endReason: 'released' });
      expect((await store.findBoard('rock-1'))?.board.labels).toEqual(['sdmux']);
      expect((await store.liftBar('rock-2', 'dirty', 'system')).isLifted).toBe(true);
      expect(await replay()).toEqual(await store.readLab());
    } finally {
      await store.close();
    }
  });

  test('who had a claim before it was given away is known from the events of before', async () => {
    await lab.store.syncLab(['rock'], [makeBoard(1)]);
    const { board, epoch } = await lab.claim();
    lab.clock.nowMs += 100;
    await lab.store.transfer({ board, epoch, actor: 'alice', user: 'bob', limits: {} });
    const before = await lab.store.listHistory({ limit: 9 });
    expect(before.map(({ user }) => user)).toEqual(['bob', 'alice']);
    await lab.store.close();
    const database = new Kysely<{ kysely_migration: { name: string } }>({
      dialect: lab.openEngine().dialect,
    });
    await database.schema.dropIndex('claim_given_away').execute();
    await database.schema.alterTable('claim').dropColumn('former').execute();
    await database.deleteFrom('kysely_migration').where('name', '=', '003-former-holders').execute();
    await database.destroy();
    await lab.reopen();
    expect(await lab.store.listHistory({ limit: 9 })).toEqual(before);
  });

  test('before that, a copy is kept, as it was, and the log says where', async () => {
    await writeOldStore();
    const { store, logged } = await openOldStore();
    await store.close();
    const copy = join(lab.directory, 'old.db.001-claims');
    expect(logged).toEqual([
      `the store is brought from 001-claims to 003-former-holders; as it was, it is kept in ${copy}`,
    ]);
    expect(readdirSync(lab.directory).filter(name => name.endsWith('.part'))).toEqual([]);
    // biome-ignore lint/suspicious/noExplicitAny: the tables as they were
    const kept = new Kysely<any>(openSqliteEngine(copy));
    try {
      const rows = await kept.selectFrom('board').select(['handle', 'quarantine', 'epoch']).orderBy('handle').execute();
      expect(rows).toEqual([
        { handle: 'rock-1', quarantine: null, epoch: 7 },
        { handle: 'rock-2', quarantine: 'the switch is dead', epoch: 3 },
        { handle: 'rock-3', quarantine: null, epoch: 0 },
      ]);
      expect((await kept.selectFrom('claim').selectAll().execute()).length).toBe(2);
    } finally {
      await kept.destroy();
    }
  });

  test('the copy is of this store, not of one that was brought up to date before', async () => {
    await writeOldStore();
    await (await openOldStore()).store.close();
    for (const name of readdirSync(lab.directory)) {
      if (/^old\.db(-wal|-shm)?$/.test(name)) rmSync(join(lab.directory, name));
    }
    await writeOldStore();
    const old = new Database(join(lab.directory, 'old.db'));
    old.exec("update board set quarantine = 'worse'");
    old.close();
    await (await openOldStore()).store.close();
    const copy = new Database(join(lab.directory, 'old.db.001-claims'));
    expect(copy.prepare('select distinct quarantine from board').pluck().all()).toEqual(['worse']);
    copy.close();
  });

  test('a store that is up to date, or new, is opened without a copy and without a word', async () => {
    expect(lab.logged).toEqual([]);
    await lab.reopen();
    expect(lab.logged).toEqual([]);
    expect(readdirSync(lab.directory).filter(name => name.includes('-claims'))).toEqual([]);
  });

  test('a store of a newer labd is refused in a sentence, and nothing of it is changed', async () => {
    const database = new Kysely<{ kysely_migration: { name: string; timestamp: string } }>(lab.openEngine());
    try {
      await database.insertInto('kysely_migration').values({ name: '999-later', timestamp: '' }).execute();
      await expect(openStore(lab.openEngine(), text => lab.logged.push(text))).rejects.toMatchObject({
        code: 'usage',
        message: 'the store was written by a newer labd (it has the change 999-later)',
        hint: expect.stringContaining('put back'),
      });
      expect(lab.logged).toEqual([]);
      const rows = await database.selectFrom('kysely_migration').select('name').orderBy('name').execute();
      expect(rows.map(({ name }) => name)).toEqual([
        '001-claims',
        '002-reservations',
        '003-former-holders',
        '999-later',
      ]);
    } finally {
      await database.destroy();
    }
  });
});
