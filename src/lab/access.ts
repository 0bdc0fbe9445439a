import type { Claim } from './claim.ts';
import { LabError } from './error.ts';
import { formatMoment } from './format-moment.ts';
import { nearestName } from './nearest-name.ts';

/** Who asks: a user of the lab at the host's socket, or somebody in the jail of one claim. */
export type Identity =
  | { readonly door: 'host'; readonly user: string }
  | { readonly door: 'jail'; readonly user: string; readonly board: string; readonly epoch: number };

/** What is asked for. `release` is allowed even when the claim has run out, `watch` is a look at an operation. */
export type BoardAction = 'power' | 'console' | 'reinit' | 'release';

export interface AccessState {
  /** All live claims. */
  readonly claims: readonly Claim[];
  readonly handles: readonly string[];
  readonly nowMs: number;
}

/**
 * May this identity do this to this board? Gives the claim in whose name it may. `board` is what was asked for; without
 * it, the caller's only board is meant. Throws `denied`, `not-found` or `usage`.
 */
export function authorize(
  identity: Identity,
  action: BoardAction,
  board: string | undefined,
  { claims, handles, nowMs }: AccessState,
): Claim {
  const handle = board ?? findOnlyBoard(identity, claims);
  if (identity.door === 'jail' && handle !== identity.board) {
    throw new LabError('denied', `this is the jail of ${identity.board}: it may not use ${handle}`);
  }
  const claim = claims.find(candidate => candidate.board === handle);
  if (!claim) throw missingClaim(handle, handles);
  const isHolder = identity.door === 'jail' ? claim.epoch === identity.epoch : claim.user === identity.user;
  if (!isHolder) {
    throw new LabError('denied', `${handle} belongs to ${claim.user} until ${formatMoment(claim.expiresAtMs)}`);
  }
  if (action !== 'release' && claim.expiresAtMs <= nowMs) {
    throw new LabError('denied', `your claim of ${handle} ran out at ${formatMoment(claim.expiresAtMs)}`);
  }
  return claim;
}

/** May this identity follow the operation that was begun in the name of `claim`? */
export function mayFollow(identity: Identity, claim: Claim): boolean {
  if (identity.door === 'jail') return claim.board === identity.board && claim.epoch === identity.epoch;
  return claim.user === identity.user;
}

function findOnlyBoard(identity: Identity, claims: readonly Claim[]): string {
  if (identity.door === 'jail') return identity.board;
  const boards = claims.filter(({ user }) => user === identity.user).map(claim => claim.board);
  if (boards.length > 1) {
    throw new LabError('usage', `you have several boards: ${boards.sort().join(', ')}`, {
      hint: 'name the one you mean',
    });
  }
  const [board] = boards;
  if (board === undefined) {
    throw new LabError('not-found', 'you have no board', { hint: 'claim one: labcli claim CLASS' });
  }
  return board;
}

function missingClaim(handle: string, handles: readonly string[]): LabError {
  if (handles.includes(handle)) {
    return new LabError('denied', `${handle} is nobody's: you have not claimed it`, {
      hint: 'labcli claim gives you a free board of a class',
    });
  }
  const meant = nearestName(handle, handles);
  const hint = meant ? `did you mean ${meant}?` : 'labcli status lists the boards';
  return new LabError('not-found', `there is no board ${handle}`, { hint });
}
