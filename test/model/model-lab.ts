import Database from 'better-sqlite3';
import { sql } from 'kysely';
import type { Board } from '../../src/lab/board.ts';
import { openStore } from '../../src/store/open-store.ts';
import { openSqliteEngine } from '../../src/store/sqlite-engine.ts';
import type { Store } from '../../src/store/store.ts';

/** The lab that the model plays with, small enough that everybody is in everybody's way. */
export const users = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank'] as const;
export const admin = 'root';
/** Each user's: boards held or waited for, and requests that wait. */
export const limits = { boards: 4, waiting: 2 } as const;
export const mostLeaseMs = 2 * 3_600_000;
/** By which cause the lab itself takes a claim back. */
export const causes = { expired: 'expired', disconnected: 'disconnected', orphan: 'orphan' } as const;
/** The clock's beginning: long ago, so that a look at another clock shows. */
const firstMs = 1_000_000_000;

export function makeBoard(handle: string, labels: readonly string[]): Board {
  return { handle, class: handle.split('-')[0] ?? '', labels } as Board;
}

export const boards: readonly Board[] = [
  makeBoard('rock-1', ['sdmux', 'ram=4g']),
  makeBoard('rock-2', ['ram=8g']),
  makeBoard('rock-3', ['ram=8g', 'sdmux']),
  makeBoard('rock-4', []),
  makeBoard('pine-1', ['sdmux']),
  makeBoard('pine-2', ['emmc']),
  makeBoard('star-1', ['emmc', 'sdmux']),
];
export const classes = ['rock', 'pine', 'star'];

/** Makes the file, with a clock that only the test sets. */
export async function makeModelStore(path: string): Promise<void> {
  const database = new Database(path);
  database.exec(`create table test_clock (ms integer not null); insert into test_clock values (${firstMs})`);
  database.close();
  const store = await openModelStore(path);
  await store.syncLab(classes, boards);
  await store.close();
}

export function openModelStore(path: string): Promise<Store> {
  return openStore(
    openSqliteEngine(path, () => sql<number>`(select ms from test_clock)`),
    text => {
      throw new Error(`nothing was to be said: ${text}`);
    },
  );
}
