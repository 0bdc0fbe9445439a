import type { Claim } from '../lab/claim.ts';
import { LabError } from '../lab/error.ts';
import { formatMoment } from '../lab/format-moment.ts';
import { checkLimits } from './check-limits.ts';
import type { FormerHolder } from './holders-of-claims.ts';
import { findLive } from './leases.ts';
import type { Handover, Transfer } from './store.ts';
import type { Writing } from './write.ts';

const mostColleagues = 20;

export async function share(writing: Writing, { board, epoch, actor, user }: Handover): Promise<Claim> {
  const claim = await findOwn(writing, { board, epoch, actor });
  if (user === claim.user) throw new LabError('usage', `${board} is ${user}'s already`);
  if (claim.sharedWith.includes(user)) return claim;
  if (claim.sharedWith.length >= mostColleagues) {
    throw new LabError('usage', `a claim is shared with ${mostColleagues} at most`);
  }
  await writing.record({ kind: 'claim-shared', board, user: claim.user, actor, epoch, detail: { with: user } });
  return store(writing, { ...claim, sharedWith: [...claim.sharedWith, user] });
}

export async function unshare(writing: Writing, { board, epoch, actor, user }: Handover): Promise<Claim> {
  const claim = await findOwn(writing, { board, epoch, actor });
  if (!claim.sharedWith.includes(user)) throw new LabError('not-found', `${board} is not shared with ${user}`);
  await writing.record({ kind: 'claim-unshared', board, user: claim.user, actor, epoch, detail: { with: user } });
  return store(writing, { ...claim, sharedWith: claim.sharedWith.filter(other => other !== user) });
}

/** The claim is the other user's from now on, with the same epoch, lease and jail. Throws `denied` over that user's limits. */
export async function transfer(writing: Writing, { board, epoch, actor, user, limits }: Transfer): Promise<Claim> {
  const claim = await findOwn(writing, { board, epoch, actor });
  if (user === claim.user) throw new LabError('usage', `${board} is ${user}'s already`);
  const detail = { from: claim.user, to: user };
  // Within a role it makes no difference to what all of them have.
  const { together, ...own } = limits;
  const isWithin = together?.users.includes(claim.user) === true;
  const wish = { user, wants: [{ board, labels: [] }], limits: isWithin ? own : limits, waits: false };
  await checkLimits(writing.database, wish);
  await writing.record({ kind: 'claim-transferred', board, user, actor, epoch, detail });
  const { former } = await writing.database
    .selectFrom('claim')
    .select('former')
    .where('id', '=', claim.id)
    .executeTakeFirstOrThrow();
  const holders: readonly FormerHolder[] = [...JSON.parse(former), { user: claim.user, toMs: writing.nowMs }];
  await writing.database
    .updateTable('claim')
    // Whoever gets it does not live by the former holder's connection: their claim lasts as long as its lease.
    .set({ former: JSON.stringify(holders), grace_ms: null, away_until: null })
    .where('id', '=', claim.id)
    .execute();
  const sharedWith = claim.sharedWith.filter(other => other !== user);
  const { graceMs: _, awayUntilMs: __, ...rest } = claim;
  // The keys were the former holder's to give.
  return store(writing, { ...rest, user, sharedWith, keys: [] });
}

/** Whoever asks may have given the claim away a moment ago. */
async function findOwn(
  writing: Writing,
  { board, epoch, actor }: Pick<Handover, 'board' | 'epoch' | 'actor'>,
): Promise<Claim> {
  const claim = await findLive(writing, board, epoch);
  if (claim.user === actor) return claim;
  throw new LabError('denied', `${board} belongs to ${claim.user} until ${formatMoment(claim.expiresAtMs)}`);
}

async function store({ database }: Writing, claim: Claim): Promise<Claim> {
  await database
    .updateTable('claim')
    .set({ user_name: claim.user, shared_with: JSON.stringify(claim.sharedWith), keys: JSON.stringify(claim.keys) })
    .where('id', '=', claim.id)
    .execute();
  return claim;
}
