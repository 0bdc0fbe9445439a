import { type Claim, endOf } from './claim.ts';
import { LabError } from './error.ts';
import { formatMoment } from './format-moment.ts';
import { unknownName } from './unknown-name.ts';

/** Who asks: a user of the lab at the host's socket, or somebody in the jail of one claim. */
export type Identity =
  | { readonly door: 'host'; readonly user: string }
  | { readonly door: 'jail'; readonly user: string; readonly board: string; readonly epoch: number };

/** What is asked for. `release` is allowed even when the claim has run out. */
export type BoardAction = 'power' | 'console' | 'exports' | 'jail' | 'reinit' | 'release' | 'extend' | 'share';

/** What a colleague may do with whom a claim is shared. */
const sharedActions: ReadonlySet<BoardAction> = new Set(['power', 'console', 'exports', 'jail']);

export interface AccessState {
  /** The live claims that may be meant: of the board, or of the caller. */
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
  if (identity.door === 'jail' && action === 'share') {
    throw new LabError('denied', 'whoever is root in a jail may not hand its board on', {
      hint: 'ask on the lab host: ssh labhost labcli',
    });
  }
  const isHolder = identity.door === 'jail' ? claim.epoch === identity.epoch : claim.user === identity.user;
  const isColleague = identity.door === 'host' && claim.sharedWith.includes(identity.user);
  if (isColleague && !isHolder && !sharedActions.has(action)) {
    throw new LabError('denied', `${handle} is shared with you: only ${claim.user} may ${action} it`);
  }
  if (!isHolder && !isColleague) {
    throw new LabError('denied', `${handle} belongs to ${claim.user} until ${formatMoment(claim.expiresAtMs)}`);
  }
  if (action !== 'release' && endOf(claim) <= nowMs) {
    throw new LabError('denied', `your claim of ${handle} ran out at ${formatMoment(endOf(claim))}`);
  }
  return claim;
}

/** May this identity follow the operation that was begun in the name of `claim`? */
export function mayFollow(identity: Identity, claim: Claim): boolean {
  if (identity.door === 'jail') return claim.board === identity.board && claim.epoch === identity.epoch;
  return claim.user === identity.user || claim.sharedWith.includes(identity.user);
}

function findOnlyBoard(identity: Identity, claims: readonly Claim[]): string {
  if (identity.door === 'jail') return identity.board;
  const own = claims.filter(({ user }) => user === identity.user);
  const shared = claims.filter(({ sharedWith }) => sharedWith.includes(identity.user));
  // A board of one's own is meant before one that is shared.
  const boards = (own.length > 0 ? own : shared).map(claim => claim.board);
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
  return unknownName(`there is no board ${handle}`, handle, { names: handles, what: 'boards', listedBy: 'status' });
}
