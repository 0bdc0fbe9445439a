import { type Kysely, sql } from 'kysely';
import type { LabEvent, NewEvent } from '../lab/event.ts';
import { systemActor } from '../lab/operation.ts';
import { type ReplayedLab, replayEvent, startReplay } from '../lab/replay.ts';
import { readBars } from './bars.ts';
import { readClaim, selectLiveClaims } from './claims.ts';
import { listHoldings } from './holders-of-claims.ts';
import { listQueue } from './requests.ts';
import type { StoreSchema } from './schema.ts';
import type { EventFilter, HistoryEntry, HistoryFilter, UsageEntry } from './store.ts';
import type { Writing } from './write.ts';

/** Events in the order in which they came about, of those that the filter names the last `limit`; with `afterId`, the first. */
export async function listEvents(database: Kysely<StoreSchema>, filter: EventFilter): Promise<LabEvent[]> {
  const { board, user, sinceMs, afterId, limit } = filter;
  let query = database.selectFrom('event').selectAll().limit(limit);
  if (board !== undefined) query = query.where('board', '=', board);
  if (user !== undefined) query = query.where('user_name', '=', user);
  if (sinceMs !== undefined) query = query.where('at', '>=', sinceMs);
  if (afterId !== undefined) query = query.where('id', '>', afterId);
  const rows = await query.orderBy('id', afterId === undefined ? 'desc' : 'asc').execute();
  const events = rows.map(
    row =>
      ({
        id: row.id,
        atMs: row.at,
        seq: row.seq,
        kind: row.kind,
        detail: JSON.parse(row.detail) as unknown,
        actor: row.actor,
        ...(row.board === null ? {} : { board: row.board }),
        ...(row.user_name === null ? {} : { user: row.user_name }),
        ...(row.epoch === null ? {} : { epoch: row.epoch }),
        ...(row.cause === null ? {} : { cause: row.cause }),
      }) as LabEvent,
  );
  return afterId === undefined ? events.reverse() : events;
}

/** Who had what: claims, newest first. */
export async function listHistory(database: Kysely<StoreSchema>, filter: HistoryFilter): Promise<HistoryEntry[]> {
  const { board, user, sinceMs, limit } = filter;
  let query = database
    .selectFrom('claim')
    .innerJoin('board', 'board.handle', 'claim.board')
    .select(['claim.id', 'claim.board', 'board.class', 'claim.user_name', 'claim.epoch', 'claim.former'])
    .select(['claim.created_at', 'claim.ended_at', 'claim.end_reason', 'claim.expires_at'])
    .orderBy('claim.id', 'desc')
    .limit(limit);
  if (board !== undefined) query = query.where('claim.board', '=', board);
  if (sinceMs !== undefined) {
    query = query.where(({ eb, or }) => or([eb('claim.ended_at', '>=', sinceMs), eb('claim.ended_at', 'is', null)]));
  }
  const rows = await (user === undefined ? query : query.where('claim.user_name', '=', user)).execute();
  if (user !== undefined) {
    const known = new Set(rows.map(({ id }) => id));
    const givenAway = await query
      .where('claim.former', '<>', sql.lit('[]'))
      .where('claim.former', 'like', `%${JSON.stringify(user)}%`)
      .execute();
    rows.push(...givenAway.filter(({ id }) => !known.has(id)));
    rows.sort((a, b) => b.id - a.id);
  }
  const entries = rows.flatMap(row =>
    listHoldings(row)
      .reverse()
      .map(({ user: holder, fromMs, toMs, isGivenAway }) => ({
        board: row.board,
        class: row.class,
        user: holder,
        epoch: row.epoch,
        fromMs,
        expiresAtMs: row.expires_at,
        ...(toMs === undefined ? {} : { toMs }),
        ...(isGivenAway ? { reason: 'transferred' } : row.end_reason === null ? {} : { reason: row.end_reason }),
      })),
  );
  const isMeant = ({ user: holder, toMs }: HistoryEntry) =>
    (user === undefined || holder === user) && (sinceMs === undefined || toMs === undefined || toMs >= sinceMs);
  return entries.filter(isMeant).slice(0, limit);
}

const dayMs = 86_400_000;

/** Board time per day (UTC), user and class, from `sinceMs` to now. A claim that spans days counts in each. */
export async function listUsage(database: Kysely<StoreSchema>, nowMs: number, sinceMs: number): Promise<UsageEntry[]> {
  const entries = new Map<string, { claims: number; ms: number } & Pick<UsageEntry, 'dayMs' | 'user' | 'class'>>();
  const rows = await database
    .selectFrom('claim')
    .innerJoin('board', 'board.handle', 'claim.board')
    .select(['claim.user_name', 'board.class', 'claim.created_at', 'claim.ended_at', 'claim.former'])
    .where(({ eb, or }) => or([eb('claim.ended_at', '>=', sinceMs), eb('claim.ended_at', 'is', null)]))
    .execute();
  const holdings = rows.flatMap(row => listHoldings(row).map(holding => ({ ...holding, class: row.class })));
  for (const { user, class: name, fromMs, toMs } of holdings) {
    if (toMs !== undefined && toMs < sinceMs) continue;
    const end = toMs ?? nowMs;
    const start = Math.max(fromMs, sinceMs);
    for (let day = start - (start % dayMs); day < Math.max(end, start + 1); day += dayMs) {
      const key = `${day} ${user} ${name}`;
      const entry = entries.get(key) ?? { dayMs: day, user, class: name, claims: 0, ms: 0 };
      entry.claims += 1;
      entry.ms += Math.max(0, Math.min(end, day + dayMs) - Math.max(start, day));
      entries.set(key, entry);
    }
  }
  return [...entries.values()].sort(
    (a, b) => a.dayMs - b.dayMs || a.user.localeCompare(b.user) || a.class.localeCompare(b.class),
  );
}

/** The lab as the tables have it, in the form that its events replay to. A window that is over is there until it is lifted. */
export async function readLab(database: Kysely<StoreSchema>): Promise<ReplayedLab> {
  const bars = await readBars(database);
  const claims = new Map((await selectLiveClaims(database).execute()).map(row => [row.board, readClaim(row)]));
  const labels = Map.groupBy(
    await database.selectFrom('board_label').selectAll().orderBy('label').execute(),
    row => row.board,
  );
  const lab = startReplay();
  for (const row of await database.selectFrom('board').selectAll().orderBy('handle').execute()) {
    const claim = claims.get(row.handle);
    lab.boards[row.handle] = {
      isListed: row.is_listed === 1,
      class: row.class,
      labels: (labels.get(row.handle) ?? []).map(({ label }) => label),
      epoch: row.epoch,
      bars: Object.fromEntries((bars.get(row.handle) ?? []).map(bar => [bar.kind, bar.reason])),
      ...(claim && {
        claim: {
          user: claim.user,
          epoch: claim.epoch,
          expiresAtMs: claim.expiresAtMs,
          sharedWith: [...claim.sharedWith],
        },
      }),
    };
  }
  for (const { id, user, priority, seq, wants } of await listQueue(database)) {
    lab.queue[id] = { user, priority, seq, wants };
  }
  return lab;
}

/** Drops what is older than `beforeMs`. What the dropped events said is told again by one snapshot in their place. */
export async function dropHistory({ database, nowMs }: Writing, beforeMs: number): Promise<number> {
  const last = await database
    .selectFrom('event')
    .select(({ fn }) => fn.max('id').as('id'))
    .where('at', '<', beforeMs)
    .where('kind', '!=', 'snapshot')
    .executeTakeFirst();
  if (!last?.id) return 0;
  let lab = startReplay();
  let dropped = 0;
  for (let afterId = 0; ; ) {
    const events = await listEvents(database, { afterId, limit: 1000 });
    const old = events.filter(({ id }) => id <= Number(last.id));
    for (const event of old) lab = replayEvent(lab, event);
    dropped += old.filter(({ kind }) => kind !== 'snapshot').length;
    afterId = old.at(-1)?.id ?? afterId;
    if (old.length < 1000) break;
  }
  await database.deleteFrom('event').where('id', '<', Number(last.id)).execute();
  const snapshot: Pick<NewEvent, 'kind' | 'detail'> = { kind: 'snapshot', detail: { state: lab } };
  await database
    .updateTable('event')
    .set({
      kind: snapshot.kind,
      detail: JSON.stringify(snapshot.detail),
      actor: systemActor,
      board: null,
      user_name: null,
      epoch: null,
      cause: sql<string>`${`events before ${new Date(beforeMs).toISOString()} were dropped`}`,
    })
    .where('id', '=', Number(last.id))
    .execute();
  const ended = database.selectFrom('claim').select('id').where('ended_at', '<', beforeMs);
  await database.deleteFrom('operation').where('claim_id', 'in', ended).execute();
  await database.deleteFrom('claim').where('ended_at', '<', beforeMs).execute();
  await database.deleteFrom('request').where('ended_at', '<', Math.min(beforeMs, nowMs)).execute();
  return dropped;
}
