import type { Operation } from '../lab/operation.ts';
import { assign, signatureOf, type Want } from '../lab/want.ts';
import { beginClaim } from './begin-claim.ts';
import { type FreeFor, listCandidates } from './candidates.ts';
import type { Writing } from './write.ts';

/**
 * A request for several boards could wait for ever while others take each board that comes free. When it has waited this long,
 * free boards that it can use are set aside for it.
 */
const setAsideAfterMs = 10 * 60_000;

/**
 * Serves the queue: goes through it in its order and gives to each request all of its boards, if they are free. Nobody who
 * fits is overtaken, and no board stays free beside somebody whom it fits. It is part of every change that can free a board
 * or add a request. Gives the claim operations that it began.
 */
export async function grantWaiters(writing: Writing): Promise<readonly Operation[]> {
  const { database, nowMs } = writing;
  const served = await listServed(writing);
  if (served.length === 0) return [];
  const waiting = await database
    .selectFrom('request')
    .select(['id', 'user_name', 'wants', 'lease_ms', 'power', 'grace_ms', 'keys', 'created_at'])
    .where('ended_at', 'is', null)
    .where('wants', 'in', served)
    .orderBy('priority', 'desc')
    .orderBy('seq')
    .execute();
  const granted: Operation[] = [];
  const besides = new Set<string>();
  /** What did not fit once does not fit again in this round: boards only become fewer. */
  const unfit = new Set<string>();
  for (const request of waiting) {
    const wants = JSON.parse(request.wants) as Want[];
    const signature = `${request.lease_ms} ${signatureOf(wants)}`;
    const isSetAside = wants.length > 1 && request.created_at + setAsideAfterMs <= nowMs;
    if (unfit.has(signature) && !isSetAside) continue;
    const { choices, boards } = await choose(writing, wants, request.lease_ms, besides);
    if (boards) {
      for (const board of boards) granted.push(await grant(writing, request, board));
      await endGranted(writing, request);
      continue;
    }
    unfit.add(signature);
    if (isSetAside) for (const board of choices.flat()) besides.add(board);
  }
  return granted;
}

/**
 * What is asked for by requests that can be given something, or for which boards are set aside. The others, of which there may be a
 * thousand, are not looked at one by one: many ask for the same.
 */
async function listServed(writing: Writing): Promise<string[]> {
  const groups = await writing.database
    .selectFrom('request')
    .select(['wants', 'board_count', 'lease_ms', ({ fn }) => fn.min('created_at').as('since')])
    .where('ended_at', 'is', null)
    .groupBy(['wants', 'board_count', 'lease_ms'])
    .execute();
  const served: string[] = [];
  for (const { wants, board_count, lease_ms, since } of groups) {
    const isSetAside = board_count > 1 && Number(since) + setAsideAfterMs <= writing.nowMs;
    if (isSetAside || (await choose(writing, JSON.parse(wants) as Want[], lease_ms, new Set())).boards)
      served.push(wants);
  }
  return served;
}

/** The free boards that each of the wants could have, and one for each of them if all can be had. */
async function choose(
  { database, nowMs }: Writing,
  wants: readonly Want[],
  leaseMs: number,
  besides: ReadonlySet<string>,
): Promise<{ readonly choices: readonly string[][]; readonly boards: readonly string[] | undefined }> {
  const free: FreeFor = { nowMs, leaseMs, besides };
  const choices = await Promise.all(wants.map(want => listCandidates(database, want, wants.length, free)));
  return { choices, boards: assign(choices) };
}

interface Waiting {
  readonly id: number;
  readonly user_name: string;
  readonly lease_ms: number;
  readonly power: 'on' | 'off';
  readonly grace_ms: number | null;
  readonly keys: string;
}

async function grant(writing: Writing, request: Waiting, board: string): Promise<Operation> {
  const { user_name: user, lease_ms, power, grace_ms, keys, id } = request;
  const details = { user, requestId: id, leaseMs: lease_ms, power, graceMs: grace_ms, keys };
  return beginClaim(writing, board, 'claim', details);
}

async function endGranted({ database, nowMs, record }: Writing, { id, user_name: user }: Waiting): Promise<void> {
  await database.updateTable('request').set({ ended_at: nowMs, end_reason: 'granted' }).where('id', '=', id).execute();
  await record({ kind: 'request-ended', user, actor: 'system', detail: { request: id, reason: 'granted' } });
}
