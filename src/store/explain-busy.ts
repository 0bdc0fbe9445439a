import type { Kysely } from 'kysely';
import { describeBars } from '../lab/bar.ts';
import { LabError } from '../lab/error.ts';
import { formatMoment } from '../lab/format-moment.ts';
import { describeWant, type Want } from '../lab/want.ts';
import { readBars } from './bars.ts';
import { listCandidates } from './candidates.ts';
import type { StoreSchema } from './schema.ts';
import type { Holder, Wish } from './store.ts';

/** Those whose claims end first: more would be no help. */
const mostHoldersTold = 5;
const mostBoardsLookedAt = 1000;

export async function explainBusy(database: Kysely<StoreSchema>, nowMs: number, wish: Wish): Promise<LabError> {
  const { wants } = wish;
  const what = wants.map(describeWant).join(' and ');
  const holders = (await listHolders(database, wants)).slice(0, mostHoldersTold);
  const told = holders.map(({ board, user, untilMs }) => `${board}: ${user} until ${formatMoment(untilMs)}`);
  const barred = await readBars(database);
  const fitting = new Set((await fittingBoards(database, wants)).filter(board => barred.has(board)));
  const isPlanned = [...fitting].some(board => barred.get(board)?.some(bar => (bar.startsAtMs ?? 0) > nowMs));
  for (const board of [...fitting].slice(0, mostHoldersTold - told.length)) {
    told.push(`${board} is ${describeBars(barred.get(board) ?? [])}`);
  }
  const ways = ['`--wait` waits in the queue', ...(isPlanned ? ['a shorter `--for` ends before the maintenance'] : [])];
  return new LabError('busy', `no board is free: ${what}`, { hint: [...told, ways.join('; ')].join('\n') });
}

/** Who holds the boards that fit any of the wants, those first whose claims end first. */
export async function listHolders(database: Kysely<StoreSchema>, wants: readonly Want[]): Promise<Holder[]> {
  const boards = await fittingBoards(database, wants);
  const rows = await database
    .selectFrom('claim')
    .select(['board', 'user_name', 'expires_at'])
    .where('ended_at', 'is', null)
    .where('board', 'in', boards)
    .orderBy('expires_at')
    .execute();
  return rows.map(({ board, user_name, expires_at }) => ({ board, user: user_name, untilMs: expires_at }));
}

async function fittingBoards(database: Kysely<StoreSchema>, wants: readonly Want[]): Promise<string[]> {
  const lists = await Promise.all(wants.map(want => listCandidates(database, want, mostBoardsLookedAt)));
  return [...new Set(lists.flat())];
}
