import type { Kysely } from 'kysely';
import { LabError } from '../lab/error.ts';
import { type Operation, systemActor } from '../lab/operation.ts';
import type { Request, RequestEnd } from '../lab/request.ts';
import { assign, describeWant, signatureOf, type Want } from '../lab/want.ts';
import { listFitting } from './candidates.ts';
import { checkLimits, checkWaiting } from './check-limits.ts';
import { explainBusy } from './explain-busy.ts';
import { grantWaiters } from './grant-waiters.ts';
import type { StoreSchema } from './schema.ts';
import type { Asked, Wish } from './store.ts';
import type { Writing } from './write.ts';

/** Puts a wish into the queue and serves the queue. Throws `busy` when the wish does not wait and got nothing. */
export async function ask(writing: Writing, wish: Wish): Promise<Asked> {
  const { database, nowMs, seq, record } = writing;
  const { user, wants, priority } = wish;
  await checkWants(database, wants);
  await checkLimits(database, wish);
  const { id } = await database
    .insertInto('request')
    .values({
      user_name: user,
      wants: JSON.stringify(wants),
      board_count: wants.length,
      priority,
      seq,
      lease_ms: wish.leaseMs,
      power: wish.power,
      grace_ms: wish.graceMs ?? null,
      keys: JSON.stringify(wish.keys),
      created_at: nowMs,
      deadline_at: wish.waitMs === undefined ? null : nowMs + wish.waitMs,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await record({
    kind: 'request-queued',
    user,
    actor: user,
    detail: { request: id, priority, seq, wants, leaseMs: wish.leaseMs },
  });
  const granted = await grantWaiters(writing);
  if (!granted.some(({ claim }) => claim.requestId === id)) {
    if (!wish.waits) throw await explainBusy(database, nowMs, wish);
    await checkWaiting(database, wish);
  }
  return { requestId: id, granted };
}

/** Ends a request that waits. Says whether it did wait. */
export async function endRequest(
  { database, nowMs, record }: Writing,
  id: number,
  reason: RequestEnd,
  actor: string,
): Promise<boolean> {
  const row = await database
    .updateTable('request')
    .set({ ended_at: nowMs, end_reason: reason })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .returning('user_name')
    .executeTakeFirst();
  if (!row) return false;
  await record({ kind: 'request-ended', user: row.user_name, actor, detail: { request: id, reason } });
  return true;
}

/** Whether time can have changed anything. */
export async function mustSettle(database: Kysely<StoreSchema>, nowMs: number): Promise<boolean> {
  const waiting = await database.selectFrom('request').select('id').where('ended_at', 'is', null).executeTakeFirst();
  if (waiting) return true;
  const ended = await database.selectFrom('bar').select('board').where('ends_at', '<=', nowMs).executeTakeFirst();
  return ended !== undefined;
}

/** What time alone changes: waiting that is over, and boards that may be given out again. */
export async function settle(
  writing: Writing,
): Promise<{ readonly isAnyLate: boolean; readonly granted: readonly Operation[] }> {
  const late = await writing.database
    .selectFrom('request')
    .select('id')
    .where('ended_at', 'is', null)
    .where('deadline_at', '<=', writing.nowMs)
    .execute();
  // First, since boards may be set aside for them.
  for (const { id } of late) await endRequest(writing, id, 'timeout', 'system');
  const granted = await grantWaiters(writing);
  return { isAnyLate: late.length > 0, granted };
}

/** The queue, in the order in which it is served. */
export async function listQueue(database: Kysely<StoreSchema>): Promise<Request[]> {
  const rows = await selectRequests(database).where('ended_at', 'is', null).execute();
  return rows.map(readRequest);
}

/** The numbers of the requests that wait. */
export async function listWaiting(database: Kysely<StoreSchema>): Promise<ReadonlySet<number>> {
  const rows = await database.selectFrom('request').select('id').where('ended_at', 'is', null).execute();
  return new Set(rows.map(({ id }) => id));
}

export async function findRequest(
  database: Kysely<StoreSchema>,
  id: number,
): Promise<(Request & { readonly ended?: RequestEnd }) | undefined> {
  const row = await selectRequests(database).where('id', '=', id).executeTakeFirst();
  return row && { ...readRequest(row), ...(row.end_reason === null ? {} : { ended: row.end_reason }) };
}

function selectRequests(database: Kysely<StoreSchema>) {
  return database
    .selectFrom('request')
    .select(['id', 'user_name', 'wants', 'priority', 'seq', 'created_at', 'deadline_at', 'end_reason'])
    .orderBy('priority', 'desc')
    .orderBy('seq');
}

type RequestRow = Awaited<ReturnType<ReturnType<typeof selectRequests>['executeTakeFirstOrThrow']>>;

function readRequest({ id, user_name, wants, priority, seq, created_at, deadline_at }: RequestRow): Request {
  return {
    id,
    user: user_name,
    wants: JSON.parse(wants) as Want[],
    priority,
    seq,
    createdAtMs: created_at,
    ...(deadline_at === null ? {} : { deadlineAtMs: deadline_at }),
  };
}

/** A wish that no board can ever meet is refused, and does not wait for ever. */
async function checkWants(database: Kysely<StoreSchema>, wants: readonly Want[]): Promise<void> {
  const choices = await listChoices(database, wants);
  const missing = wants.find((_, index) => choices[index]?.length === 0);
  if (missing) {
    const hint = '`labcli classes` and `labcli status` list what there is';
    throw new LabError('not-found', `the lab has no ${describeWant(missing)}`, { hint });
  }
  if (!assign(choices)) throw new LabError('not-found', `the lab has fewer than ${wants.length} boards like these`);
}

/** Ends the requests that could be met when they were made, and never will be now that lab.yaml is another. */
export async function endImpossible(writing: Writing): Promise<void> {
  const possible = new Set<string>();
  for (const { id, wants } of await listQueue(writing.database)) {
    const signature = signatureOf(wants);
    if (possible.has(signature)) continue;
    if (assign(await listChoices(writing.database, wants))) possible.add(signature);
    else await endRequest(writing, id, 'no such board any more', systemActor);
  }
}

function listChoices(database: Kysely<StoreSchema>, wants: readonly Want[]): Promise<readonly string[][]> {
  return Promise.all(wants.map(want => listFitting(database, want, wants.length)));
}
