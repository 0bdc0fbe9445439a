import { type Expression, type ExpressionBuilder, type Kysely, type SqlBool, sql } from 'kysely';
import type { Want } from '../lab/want.ts';
import type { StoreSchema } from './schema.ts';

/** The moment at which boards are to be free, and for how long. */
export interface FreeFor {
  readonly nowMs: number;
  readonly leaseMs: number;
  /** Handles of boards that are set aside for somebody else. */
  readonly besides: ReadonlySet<string>;
}

/** Is it a board of the lab that fits any of the wants? */
export function fitsAny(eb: ExpressionBuilder<StoreSchema, 'board'>, wants: readonly Want[]): Expression<SqlBool> {
  return eb.or(wants.map(want => fits(eb, want)));
}

function fits(eb: ExpressionBuilder<StoreSchema, 'board'>, want: Want): Expression<SqlBool> {
  return eb.and([
    eb('board.is_listed', '=', 1),
    ...(want.class === undefined ? [] : [eb('board.class', '=', want.class)]),
    ...(want.board === undefined ? [] : [eb('board.handle', '=', want.board)]),
    ...want.labels.map(label =>
      eb('board.handle', 'in', eb.selectFrom('board_label').select('board_label.board').where('label', '=', label)),
    ),
  ]);
}

/** At most `limit` boards of the lab that fit a want: for a request of n boards, n for each want tell whether it can ever be met. */
export async function listFitting(database: Kysely<StoreSchema>, want: Want, limit: number): Promise<string[]> {
  const query = database
    .selectFrom('board')
    .select('handle')
    .where(eb => fits(eb, want));
  return (await query.limit(limit).execute()).map(({ handle }) => handle);
}

/**
 * Boards that fit a want, that nobody holds, and that are not barred as long as the lease lasts; those first that have been idle
 * the longest. At most `limit`: for a request of n boards, n for each want are enough to find out whether all can be had.
 */
export async function listCandidates(
  database: Kysely<StoreSchema>,
  want: Want,
  limit: number,
  { nowMs, leaseMs, besides }: FreeFor,
): Promise<string[]> {
  let query = database
    .selectFrom('board')
    .select('handle')
    .where(eb => fits(eb, want))
    .where('claim_id', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('bar')
            .select('bar.kind')
            .whereRef('bar.board', '=', 'board.handle')
            .where(sql<number>`coalesce(starts_at, 0)`, '<', nowMs + leaseMs)
            .where(({ eb, or }) => or([eb('ends_at', 'is', null), eb('ends_at', '>', nowMs)])),
        ),
      ),
    );
  if (besides.size > 0) query = query.where('handle', 'not in', [...besides]);
  const rows = await query.orderBy('last_released_at').orderBy('handle').limit(limit).execute();
  return rows.map(({ handle }) => handle);
}
