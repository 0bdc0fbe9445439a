import { renameSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { type RawBuilder, SqliteDialect, sql } from 'kysely';
import type { Engine } from './engine.ts';

const systemClock = () => sql<number>`cast(unixepoch('subsec') * 1000 as integer)`;

/**
 * A file that this process alone writes. `synchronous = FULL` with a write-ahead log: what was acknowledged survives
 * kill -9 and a power cut.
 */
export function openSqliteEngine(path: string, now: () => RawBuilder<number> = systemClock): Engine {
  const database = new Database(path, { timeout: 10_000 });
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
  return {
    dialect: new SqliteDialect({ database }),
    now,
    identity: { type: 'integer', build: column => column.primaryKey().autoIncrement() },
    async keepCopy(lastMigration) {
      const copy = `${path}.${lastMigration}`;
      const part = `${copy}.part`;
      rmSync(part, { force: true });
      database.prepare('vacuum into ?').run(part);
      // One that is there already may be older: of a store that was put back, and then worked on.
      renameSync(part, copy);
      return copy;
    },
  };
}
