import type { Kysely, Selectable } from 'kysely';
import type { Bar, BarKind } from '../lab/bar.ts';
import type { StoreSchema } from './schema.ts';
import type { BarChange } from './store.ts';
import type { Writing } from './write.ts';

export async function setBar(writing: Writing, change: BarChange): Promise<void> {
  const { board, kind, reason, actor, startsAtMs, endsAtMs } = change;
  const values = { reason, actor, since: writing.nowMs, starts_at: startsAtMs ?? null, ends_at: endsAtMs ?? null };
  await writing.database
    .insertInto('bar')
    .values({ board, kind, ...values })
    .onConflict(conflict => conflict.columns(['board', 'kind']).doUpdateSet(values))
    .execute();
  const window = {
    ...(startsAtMs === undefined ? {} : { startsAtMs }),
    ...(endsAtMs === undefined ? {} : { endsAtMs }),
  };
  await writing.record({ kind: 'bar-set', board, actor, detail: { bar: kind, reason, ...window } });
}

/** Says whether there was one to lift. */
export async function liftBar(writing: Writing, board: string, kind: BarKind, actor: string): Promise<boolean> {
  const { database, record } = writing;
  const lifted = await database
    .deleteFrom('bar')
    .where('board', '=', board)
    .where('kind', '=', kind)
    .executeTakeFirst();
  if (lifted.numDeletedRows === 0n) return false;
  await record({ kind: 'bar-lifted', board, actor, detail: { bar: kind } });
  return true;
}

/** Windows that are over bar nobody; this drops them, and says whether there were any. */
export async function liftEndedBars(writing: Writing): Promise<boolean> {
  const ended = await writing.database
    .selectFrom('bar')
    .select(['board', 'kind'])
    .where('ends_at', '<=', writing.nowMs)
    .execute();
  for (const { board, kind } of ended) await liftBar(writing, board, kind, 'system');
  return ended.length > 0;
}

/** The bars of all boards, or of one, by handle. */
export async function readBars(database: Kysely<StoreSchema>, board?: string): Promise<Map<string, Bar[]>> {
  let query = database.selectFrom('bar').selectAll().orderBy('since').orderBy('kind');
  if (board !== undefined) query = query.where('board', '=', board);
  const bars = new Map<string, Bar[]>();
  for (const row of await query.execute()) bars.set(row.board, [...(bars.get(row.board) ?? []), readBar(row)]);
  return bars;
}

function readBar({ kind, reason, actor, since, starts_at, ends_at }: Selectable<StoreSchema['bar']>): Bar {
  return {
    kind,
    reason,
    actor,
    sinceMs: since,
    ...(starts_at === null ? {} : { startsAtMs: starts_at }),
    ...(ends_at === null ? {} : { endsAtMs: ends_at }),
  };
}
