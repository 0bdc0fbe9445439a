import { type Kysely, sql, type Transaction } from 'kysely';
import { LabError } from '../lab/error.ts';
import type { NewEvent } from '../lab/event.ts';
import type { Engine } from './engine.ts';
import type { StoreSchema } from './schema.ts';

/** A change of the lab under way: nobody else changes it meanwhile. */
export interface Writing {
  readonly database: Transaction<StoreSchema>;
  /** Its number: changes are in this order, and each request waits under the number of its own. */
  readonly seq: number;
  /** The database's clock when it began. */
  readonly nowMs: number;
  record(event: NewEvent): Promise<void>;
}

export type Write = <T>(work: (writing: Writing) => Promise<T>) => Promise<T>;

/**
 * Every change begins by taking the lab's next number. That takes the row's lock on PostgreSQL and the write lock on SQLite,
 * so changes run one after another in the order of their numbers: the queue's order is a fact, and what one change has
 * read stays true until it ends. One row for the whole lab and not one a class, since a request can span classes.
 */
export function createWrite(database: Kysely<StoreSchema>, engine: Engine): Write {
  return work =>
    database.transaction().execute(async transaction => {
      const lab = await transaction
        .updateTable('lab')
        .set(({ eb }) => ({ seq: eb('seq', '+', 1) }))
        .returning(['seq', engine.now().as('now')])
        .executeTakeFirst();
      if (!lab) throw new LabError('bug', 'the store has no row for the lab');
      const nowMs = Number(lab.now);
      return work({
        database: transaction,
        seq: lab.seq,
        nowMs,
        record: event => insertEvent(transaction, { seq: lab.seq, nowMs }, event),
      });
    });
}

async function insertEvent(
  database: Transaction<StoreSchema>,
  { seq, nowMs }: Pick<Writing, 'seq' | 'nowMs'>,
  event: NewEvent,
): Promise<void> {
  const { kind, detail, actor, board = null, user = null, epoch = null, cause = null } = event;
  await database
    .insertInto('event')
    .values({ at: nowMs, seq, kind, board, user_name: user, actor, epoch, cause, detail: JSON.stringify(detail) })
    .execute();
}

export async function readNow(database: Kysely<StoreSchema>, engine: Engine): Promise<number> {
  const { rows } = await sql<{ now: number }>`select ${engine.now()} as now`.execute(database);
  return Number(rows[0]?.now);
}
