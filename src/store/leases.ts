import { type Claim, endOf } from '../lab/claim.ts';
import { LabError } from '../lab/error.ts';
import { formatMoment } from '../lab/format-moment.ts';
import { systemActor } from '../lab/operation.ts';
import type { Want } from '../lab/want.ts';
import { listFitting } from './candidates.ts';
import { readClaim, selectLiveClaims } from './claims.ts';
import type { FormerHolder } from './holders-of-claims.ts';
import type { Extension } from './store.ts';
import type { Writing } from './write.ts';

/**
 * Makes a lease end `leaseMs` from now, if it would end earlier; it never shortens. Throws `denied` when it has ended already
 * (the board is being taken back), beyond `mostMs` since the claim began, or when somebody waits and may not be kept waiting;
 * `busy` before a maintenance of the board.
 */
export async function extend(writing: Writing, extension: Extension): Promise<Claim> {
  const { board, epoch, leaseMs, mostMs, actor, yieldsToWaiters } = extension;
  const { database, nowMs, record } = writing;
  const claim = await findLive(writing, board, epoch);
  if (endOf(claim) <= nowMs)
    throw new LabError('denied', `the lease of ${board} ended at ${formatMoment(endOf(claim))}`);
  const expiresAtMs = Math.max(claim.expiresAtMs, nowMs + leaseMs);
  if (expiresAtMs === claim.expiresAtMs) return claim;
  if (expiresAtMs > claim.createdAtMs + mostMs) {
    const until = formatMoment(claim.createdAtMs + mostMs);
    throw new LabError('denied', `a claim of ${board} may last until ${until} at most`, { hint: 'ask for less' });
  }
  if (yieldsToWaiters) {
    const waiter = await findWaiter(writing, board, claim.user);
    if (waiter !== undefined) {
      const message = `${waiter} waits for a board like ${board}, and leases of its class are not extended then`;
      throw new LabError('denied', message, { hint: `the lease ends at ${formatMoment(claim.expiresAtMs)}` });
    }
  }
  const planned = await database
    .selectFrom('bar')
    .select(['kind', 'reason', 'starts_at'])
    .where('board', '=', board)
    .where('starts_at', '>', nowMs)
    .where('starts_at', '<', expiresAtMs)
    .executeTakeFirst();
  if (planned) {
    const from = formatMoment(planned.starts_at ?? 0);
    throw new LabError('busy', `${board} has ${planned.kind} from ${from} on: ${planned.reason}`);
  }
  await database.updateTable('claim').set({ expires_at: expiresAtMs }).where('id', '=', claim.id).execute();
  await record({ kind: 'claim-extended', board, user: claim.user, actor, epoch, detail: { expiresAtMs } });
  return { ...claim, expiresAtMs };
}

/** The first other user in the queue who could have this board. */
async function findWaiter({ database }: Writing, board: string, holder: string): Promise<string | undefined> {
  const waiting = await database
    .selectFrom('request')
    .select(['user_name', 'wants'])
    .where('ended_at', 'is', null)
    .where('user_name', '<>', holder)
    .orderBy('priority', 'desc')
    .orderBy('seq')
    .execute();
  const known = new Map<string, boolean>();
  for (const { user_name, wants } of waiting) {
    const isFit = known.get(wants) ?? (await couldHave(wants));
    known.set(wants, isFit);
    if (isFit) return user_name;
  }
  return undefined;

  async function couldHave(text: string): Promise<boolean> {
    for (const want of JSON.parse(text) as Want[]) {
      if (want.board !== undefined && want.board !== board) continue;
      if ((await listFitting(database, { ...want, board }, 1)).length > 0) return true;
    }
    return false;
  }
}

/** The connection that the claim lives by is gone: the claim ends after its grace, unless the connection comes back. */
export async function markAway(writing: Writing, board: string, epoch: number): Promise<Claim> {
  const claim = await findLive(writing, board, epoch);
  if (claim.graceMs === undefined) throw new LabError('usage', `the claim of ${board} does not live by a connection`);
  // The first loss counts: a grace that is over does not begin again.
  if (claim.awayUntilMs !== undefined) return claim;
  const untilMs = writing.nowMs + claim.graceMs;
  await writing.database.updateTable('claim').set({ away_until: untilMs }).where('id', '=', claim.id).execute();
  const detail = { untilMs };
  await writing.record({ kind: 'claim-away', board, user: claim.user, actor: systemActor, epoch, detail });
  return { ...claim, awayUntilMs: untilMs };
}

/** No connection outlives the daemon: each claim that lives by one has its grace from now on. */
export async function markAllAway(writing: Writing): Promise<void> {
  const rows = await selectLiveClaims(writing.database)
    .where('grace_ms', 'is not', null)
    .where('away_until', 'is', null)
    .execute();
  for (const { board, epoch } of rows) await markAway(writing, board, epoch);
}

/** Throws `denied` when it is too late. */
export async function markBack(writing: Writing, board: string, epoch: number): Promise<Claim> {
  const { awayUntilMs, ...claim } = await findLive(writing, board, epoch);
  if (claim.graceMs === undefined) throw new LabError('usage', `the claim of ${board} does not live by a connection`);
  if (awayUntilMs === undefined) return claim;
  if (awayUntilMs <= writing.nowMs) {
    throw new LabError(
      'denied',
      `the claim of ${board} ended at ${formatMoment(awayUntilMs)}: its connection was away`,
    );
  }
  await writing.database.updateTable('claim').set({ away_until: null }).where('id', '=', claim.id).execute();
  await writing.record({ kind: 'claim-back', board, user: claim.user, actor: claim.user, epoch, detail: {} });
  return claim;
}

/**
 * Moves every live claim and every request that waits: the clock was set, and what was agreed are lengths of time (the lease,
 * how long a claim may last, how long somebody waits).
 */
export async function shiftLeases(writing: Writing, byMs: number): Promise<void> {
  const { database, record } = writing;
  await record({ kind: 'clock-set', actor: systemActor, detail: { byMs } });
  for (const row of await selectLiveClaims(database).select('claim.former').execute()) {
    const claim = readClaim(row);
    const former = (JSON.parse(row.former) as FormerHolder[]).map(each => ({ ...each, toMs: each.toMs + byMs }));
    const expiresAtMs = claim.expiresAtMs + byMs;
    const away = claim.awayUntilMs === undefined ? {} : { away_until: claim.awayUntilMs + byMs };
    await database
      .updateTable('claim')
      .set({ created_at: claim.createdAtMs + byMs, expires_at: expiresAtMs, former: JSON.stringify(former), ...away })
      .where('id', '=', claim.id)
      .execute();
    const { board, user, epoch } = claim;
    const cause = `the clock was set by ${Math.round(byMs / 1000)} s`;
    await record({ kind: 'claim-moved', board, user, actor: systemActor, epoch, cause, detail: { expiresAtMs } });
  }
  await database
    .updateTable('request')
    .set(({ eb }) => ({ created_at: eb('created_at', '+', byMs), deadline_at: eb('deadline_at', '+', byMs) }))
    .where('ended_at', 'is', null)
    .execute();
}

/**
 * After a time in which nobody could ask the lab for more time (labd was away): what ran out in it, or is about to, lasts
 * `graceMs` from now.
 */
export async function spareLeases(writing: Writing, graceMs: number): Promise<void> {
  const { database, nowMs, record } = writing;
  const soonMs = nowMs + graceMs;
  for (const row of await selectLiveClaims(database).where('expires_at', '<', soonMs).execute()) {
    const { id, board, user, epoch } = readClaim(row);
    await database.updateTable('claim').set({ expires_at: soonMs }).where('id', '=', id).execute();
    const cause = 'labd was away';
    const detail = { expiresAtMs: soonMs };
    await record({ kind: 'claim-moved', board, user, actor: systemActor, epoch, cause, detail });
  }
  for (const row of await selectLiveClaims(database).where('away_until', '<', soonMs).execute()) {
    const { id, board, user, epoch } = readClaim(row);
    await database.updateTable('claim').set({ away_until: soonMs }).where('id', '=', id).execute();
    const cause = 'labd was away';
    await record({ kind: 'claim-away', board, user, actor: systemActor, epoch, cause, detail: { untilMs: soonMs } });
  }
}

export async function findLive({ database }: Writing, board: string, epoch: number): Promise<Claim> {
  const row = await selectLiveClaims(database).where('board', '=', board).where('epoch', '=', epoch).executeTakeFirst();
  if (!row) throw new LabError('denied', `that claim of ${board} is over`);
  return readClaim(row);
}
