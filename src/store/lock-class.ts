import type { Transaction } from 'kysely';
import type { StoreSchema } from './schema.ts';

/**
 * The first statement of every transaction that allocates or frees a board of the class: it takes the row lock on PostgreSQL
 * and the write lock on SQLite, so such transactions run one after another, in the order of the number that it gives.
 * Gives undefined when there is no such class.
 */
export async function lockClass(transaction: Transaction<StoreSchema>, name: string): Promise<number | undefined> {
  const row = await transaction
    .updateTable('class')
    .set(({ eb }) => ({ seq: eb('seq', '+', 1) }))
    .where('name', '=', name)
    .returning('seq')
    .executeTakeFirst();
  return row?.seq;
}

/** Locks the class of a board. The board's class is read by the same statement, so that it cannot change in between. */
export async function lockClassOfBoard(transaction: Transaction<StoreSchema>, handle: string): Promise<void> {
  await transaction
    .updateTable('class')
    .set(({ eb }) => ({ seq: eb('seq', '+', 1) }))
    .where('name', '=', ({ selectFrom }) => selectFrom('board').select('class').where('handle', '=', handle))
    .execute();
}
