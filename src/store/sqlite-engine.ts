import { renameSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { type RawBuilder, type SqliteDatabase, SqliteDialect, type SqliteStatement, sql } from 'kysely';
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
    dialect: new SqliteDialect({ database: rememberStatements(database) }),
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

const mostStatements = 300;

/** Kysely prepares each query anew, which takes SQLite as long as to run it: this keeps those that were used last. */
function rememberStatements(database: Database.Database): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    prepare(text) {
      const statement = statements.get(text) ?? database.prepare<unknown[]>(text);
      statements.delete(text);
      statements.set(text, statement);
      for (const oldest of statements.keys()) {
        if (statements.size <= mostStatements) break;
        statements.delete(oldest);
      }
      return statement;
    },
    close: () => database.close(),
  };
}
