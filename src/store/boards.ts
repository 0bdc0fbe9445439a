import type { Kysely } from 'kysely';
import { type Bar, isActive } from '../lab/bar.ts';
import { readBars } from './bars.ts';
import { claimColumns, readClaim } from './claims.ts';
import type { ReadDefinition } from './definitions.ts';
import type { StoreSchema } from './schema.ts';
import type { BoardFilter, BoardRecord } from './store.ts';

/** The boards that lab.yaml names, that somebody holds or that must still be cleaned, by handle. */
export async function listBoards(
  database: Kysely<StoreSchema>,
  nowMs: number,
  { user, after, limit }: BoardFilter,
  readDefinition: ReadDefinition,
): Promise<BoardRecord[]> {
  let query = selectBoards(database)
    .where(({ eb, or, exists, selectFrom }) =>
      or([
        eb('board.is_listed', '=', 1),
        eb('board.claim_id', 'is not', null),
        exists(
          selectFrom('bar').select('bar.kind').whereRef('bar.board', '=', 'board.handle').where('kind', '=', 'dirty'),
        ),
      ]),
    )
    .orderBy('board.handle');
  if (user !== undefined) query = query.where('claim.user_name', '=', user);
  if (after !== undefined) query = query.where('board.handle', '>', after);
  if (limit !== undefined) query = query.limit(limit);
  const rows = await query.execute();
  const bars = await readBars(database);
  return rows.map(row => readBoard(row, bars.get(row.handle) ?? [], nowMs, readDefinition));
}

export async function findBoard(
  database: Kysely<StoreSchema>,
  nowMs: number,
  handle: string,
  readDefinition: ReadDefinition,
): Promise<BoardRecord | undefined> {
  const row = await selectBoards(database).where('board.handle', '=', handle).executeTakeFirst();
  return row && readBoard(row, (await readBars(database, handle)).get(handle) ?? [], nowMs, readDefinition);
}

export async function listHandles(database: Kysely<StoreSchema>): Promise<string[]> {
  const rows = await database
    .selectFrom('board')
    .select('handle')
    .where('is_listed', '=', 1)
    .orderBy('handle')
    .execute();
  return rows.map(({ handle }) => handle);
}

export async function countByClass(database: Kysely<StoreSchema>, nowMs: number) {
  const rows = await database
    .selectFrom('board')
    .select(({ fn }) => ['class', fn.countAll<number>().as('boards')])
    .select(({ fn, selectFrom, eb }) =>
      fn
        .sum<number>(
          eb
            .case()
            .when(
              eb.and([
                eb('claim_id', 'is', null),
                eb.not(
                  eb.exists(
                    selectFrom('bar')
                      .select('bar.kind')
                      .whereRef('bar.board', '=', 'board.handle')
                      .where(({ eb: bar, or }) => or([bar('starts_at', 'is', null), bar('starts_at', '<=', nowMs)]))
                      .where(({ eb: bar, or }) => or([bar('ends_at', 'is', null), bar('ends_at', '>', nowMs)])),
                  ),
                ),
              ]),
            )
            .then(1)
            .else(0)
            .end(),
        )
        .as('available'),
    )
    .where('is_listed', '=', 1)
    .groupBy('class')
    .execute();
  return new Map(rows.map(row => [row.class, { boards: Number(row.boards), available: Number(row.available) }]));
}

function selectBoards(database: Kysely<StoreSchema>) {
  return database
    .selectFrom('board')
    .leftJoin('claim', 'claim.id', 'board.claim_id')
    .leftJoin('operation', join =>
      join.onRef('operation.board', '=', 'board.handle').on('operation.finished_at', 'is', null),
    )
    .select(['board.handle', 'board.definition', 'board.is_listed', 'board.epoch as board_epoch'])
    .select(['board.power_wanted', 'board.last_checked_at', 'board.claims_since_check'])
    .select(['operation.id as operation_id', 'operation.kind'])
    .select(claimColumns);
}

type BoardRow = Awaited<ReturnType<ReturnType<typeof selectBoards>['executeTakeFirstOrThrow']>>;

function readBoard(row: BoardRow, bars: readonly Bar[], nowMs: number, readDefinition: ReadDefinition): BoardRecord {
  const { operation_id, kind } = row;
  const claim = readClaim(row);
  return {
    board: readDefinition(row.handle, row.definition),
    isListed: row.is_listed === 1,
    epoch: row.board_epoch,
    powerWanted: row.power_wanted,
    lastCheckedAtMs: row.last_checked_at,
    claimsSinceCheck: row.claims_since_check,
    bars: bars.filter(bar => isActive(bar, nowMs)),
    plannedBars: bars.filter(bar => (bar.startsAtMs ?? 0) > nowMs),
    ...(claim ? { claim } : {}),
    ...(operation_id === null || kind === null ? {} : { operation: { id: operation_id, kind } }),
  };
}
