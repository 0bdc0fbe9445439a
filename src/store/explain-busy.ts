import type { Kysely } from 'kysely';
import { describeBars } from '../lab/bar.ts';
import { LabError } from '../lab/error.ts';
import { formatMoment } from '../lab/format-moment.ts';
import { describeWant, type Want } from '../lab/want.ts';
import { readBars } from './bars.ts';
import { fitsAny } from './candidates.ts';
import type { StoreSchema } from './schema.ts';
import type { Holder, Wish } from './store.ts';

/** Those whose claims end first: more would be no help. */
const mostHoldersTold = 5;

export async function explainBusy(database: Kysely<StoreSchema>, nowMs: number, wish: Wish): Promise<LabError> {
  const { wants } = wish;
  const what = wants.map(describeWant).join(' and ');
  const holders = await listHolders(database, wants, mostHoldersTold);
  const told = holders.map(({ board, user, untilMs }) => `${board}: ${user} until ${formatMoment(untilMs)}`);
  const barred = await listBarred(database, wants);
  for (const board of barred.slice(0, mostHoldersTold - told.length)) {
    told.push(`${board} is ${describeBars((await readBars(database, board)).get(board) ?? [])}`);
  }
  const isPlanned = await isAnyPlanned(database, nowMs, wants);
  const ways = ['`--wait` waits in the queue', ...(isPlanned ? ['a shorter `--for` ends before the maintenance'] : [])];
  return new LabError('busy', `no board is free: ${what}`, { hint: [...told, ways.join('; ')].join('\n') });
}

/** Who holds the boards that fit any of the wants, those first whose claims end first, at most `limit`. */
export async function listHolders(
  database: Kysely<StoreSchema>,
  wants: readonly Want[],
  limit: number,
): Promise<Holder[]> {
  const rows = await database
    .selectFrom('claim')
    .innerJoin('board', 'board.handle', 'claim.board')
    .select(['claim.board', 'user_name', 'expires_at'])
    .where('ended_at', 'is', null)
    .where(eb => fitsAny(eb, wants))
    .orderBy('expires_at')
    .limit(limit)
    .execute();
  return rows.map(({ board, user_name, expires_at }) => ({ board, user: user_name, untilMs: expires_at }));
}

async function listBarred(database: Kysely<StoreSchema>, wants: readonly Want[]): Promise<string[]> {
  const rows = await selectBars(database, wants)
    .select('bar.board')
    .distinct()
    .orderBy('bar.board')
    .limit(mostHoldersTold)
    .execute();
  return rows.map(({ board }) => board);
}

async function isAnyPlanned(database: Kysely<StoreSchema>, nowMs: number, wants: readonly Want[]): Promise<boolean> {
  const planned = selectBars(database, wants).select('bar.board').where('starts_at', '>', nowMs).limit(1);
  return (await planned.executeTakeFirst()) !== undefined;
}

function selectBars(database: Kysely<StoreSchema>, wants: readonly Want[]) {
  return database
    .selectFrom('bar')
    .innerJoin('board', 'board.handle', 'bar.board')
    .where(eb => fitsAny(eb, wants));
}
