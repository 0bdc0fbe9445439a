import type { Kysely } from 'kysely';
import type { Board } from '../lab/board.ts';
import { readClaim } from './claims.ts';
import type { StoreSchema } from './schema.ts';
import type { BoardRecord } from './store.ts';

export async function syncLab(
  database: Kysely<StoreSchema>,
  classes: readonly string[],
  boards: readonly Board[],
): Promise<void> {
  await database.transaction().execute(async transaction => {
    for (const name of classes) {
      await transaction
        .insertInto('class')
        .values({ name })
        .onConflict(conflict => conflict.column('name').doNothing())
        .execute();
    }
    await transaction.updateTable('board').set({ is_listed: 0 }).execute();
    for (const board of boards) {
      const row = { class: board.class, definition: JSON.stringify(board), is_listed: 1 };
      await transaction
        .insertInto('board')
        .values({ handle: board.handle, ...row })
        .onConflict(conflict => conflict.column('handle').doUpdateSet(row))
        .execute();
    }
  });
}

export async function listBoards(database: Kysely<StoreSchema>): Promise<BoardRecord[]> {
  const rows = await selectBoards(database)
    .where(({ eb, or }) =>
      or([eb('board.is_listed', '=', 1), eb('board.claim_id', 'is not', null), eb('board.quarantine', 'is not', null)]),
    )
    .orderBy('board.handle')
    .execute();
  return rows.map(readBoard);
}

export async function findBoard(database: Kysely<StoreSchema>, handle: string): Promise<BoardRecord | undefined> {
  const row = await selectBoards(database).where('board.handle', '=', handle).executeTakeFirst();
  return row && readBoard(row);
}

export async function liftQuarantine(database: Kysely<StoreSchema>, handle: string): Promise<void> {
  await database
    .updateTable('board')
    .set({ quarantine: null })
    .where('handle', '=', handle)
    .where('claim_id', 'is', null)
    .execute();
}

function selectBoards(database: Kysely<StoreSchema>) {
  return database
    .selectFrom('board')
    .leftJoin('claim', 'claim.id', 'board.claim_id')
    .leftJoin('operation', join =>
      join.onRef('operation.board', '=', 'board.handle').on('operation.finished_at', 'is', null),
    )
    .select(['board.definition', 'board.is_listed', 'board.epoch as board_epoch', 'board.quarantine'])
    .select(['board.power_wanted', 'operation.id as operation_id', 'operation.kind'])
    .select(['claim.id', 'claim.board', 'claim.user_name', 'claim.epoch', 'claim.created_at', 'claim.expires_at']);
}

type BoardRow = Awaited<ReturnType<ReturnType<typeof selectBoards>['executeTakeFirstOrThrow']>>;

function readBoard(row: BoardRow): BoardRecord {
  const { id, board, user_name, epoch, created_at, expires_at, operation_id, kind } = row;
  const isClaimed =
    id !== null && board !== null && user_name !== null && epoch !== null && created_at !== null && expires_at !== null;
  return {
    board: JSON.parse(row.definition) as Board,
    isListed: row.is_listed === 1,
    epoch: row.board_epoch,
    powerWanted: row.power_wanted,
    ...(isClaimed ? { claim: readClaim({ id, board, user_name, epoch, created_at, expires_at }) } : {}),
    ...(operation_id === null || kind === null ? {} : { operation: { id: operation_id, kind } }),
    ...(row.quarantine === null ? {} : { quarantine: row.quarantine }),
  };
}
