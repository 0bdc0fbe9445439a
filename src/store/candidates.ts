import { type Kysely, sql } from 'kysely';
import type { Want } from '../lab/want.ts';
import type { StoreSchema } from './schema.ts';

/** The moment at which boards are to be free, and for how long. */
export interface FreeFor {
  readonly nowMs: number;
  readonly leaseMs: number;
  /** Handles of boards that are set aside for somebody else. */
  readonly besides: ReadonlySet<string>;
}

/**
 * Boards of the lab that fit a want, those first that have been idle the longest, at most `limit`: for a request of n boards,
 * n for each want are enough to find out whether all can be had. With `free`, only those that nobody holds and that are
 * not barred as long as the lease lasts.
 */
export async function listCandidates(
  database: Kysely<StoreSchema>,
  want: Want,
  limit: number,
  free?: FreeFor,
): Promise<string[]> {
  let query = database.selectFrom('board').select('handle').where('is_listed', '=', 1);
  if (want.class !== undefined) query = query.where('class', '=', want.class);
  if (want.board !== undefined) query = query.where('handle', '=', want.board);
  for (const label of want.labels) {
    query = query.where('handle', 'in', inner =>
      inner.selectFrom('board_label').select('board_label.board').where('label', '=', label),
    );
  }
  if (free) {
    const { nowMs, leaseMs, besides } = free;
    query = query.where('claim_id', 'is', null).where(({ not, exists, selectFrom }) =>
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
  }
  const rows = await query.orderBy('last_released_at').orderBy('handle').limit(limit).execute();
  return rows.map(({ handle }) => handle);
}
