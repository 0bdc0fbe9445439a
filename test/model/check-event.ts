import type { LabEvent } from '../../src/lab/event.ts';
import { findWaiterFor } from './check-queue.ts';
import { boardOf, type CheckedBoard, type CheckedClaim, type CheckedLab } from './checked-lab.ts';
import { admin, causes, limits, mostLeaseMs } from './model-lab.ts';

/** What an event must not say, given what was the case before it; undefined when it may. */
export function checkEvent(lab: CheckedLab, event: LabEvent, change: readonly LabEvent[]): string | undefined {
  switch (event.kind) {
    case 'request-queued':
      return checkQueued(lab, event, change);
    case 'request-ended':
      return lab.queue.has(event.detail.request) ? undefined : `request ${event.detail.request} ends and does not wait`;
    case 'claim-granted':
      return checkGrant(lab, boardOf(lab, event.board ?? ''), event);
    case 'bar-set':
    case 'bar-lifted':
    case 'board-listed':
    case 'board-unlisted':
    case 'clock-set':
      return undefined;
    default:
      return checkOnClaim(lab, boardOf(lab, event.board ?? ''), event, change);
  }
}

type Granted = Extract<LabEvent, { kind: 'claim-granted' }>;

function checkGrant(lab: CheckedLab, board: CheckedBoard, { atMs, epoch, user, detail }: Granted): string | undefined {
  if (board.claim) return `${board.handle} is given to ${user} and is ${board.claim.user}'s`;
  if (epoch !== board.epoch + 1) return `${board.handle} has epoch ${epoch} after ${board.epoch}`;
  if (detail.request === 0) {
    if (user !== 'system') return `${user} has a claim without a request`;
    return board.bars.has('dirty') || !board.isListed ? `${board.handle} is checked as it is` : undefined;
  }
  const request = lab.queue.get(detail.request);
  if (!request) return `request ${detail.request} is granted a board and does not wait`;
  if (request.user !== user) return `what ${request.user} asked for is ${user}'s`;
  return detail.expiresAtMs === atMs + request.leaseMs
    ? undefined
    : `the lease of ${board.handle} is not what was asked`;
}

function checkOnClaim(
  lab: CheckedLab,
  board: CheckedBoard,
  event: LabEvent,
  change: readonly LabEvent[],
): string | undefined {
  const { claim, operation, handle } = board;
  const { kind, epoch, atMs } = event;
  if (!claim || claim.epoch !== epoch) return `${kind} of ${handle} at epoch ${epoch}, which is ${claim?.epoch}`;
  switch (kind) {
    case 'operation-begun':
      if (operation) return `a second operation (${event.detail.kind}) on ${handle} beside its ${operation.kind}`;
      return event.detail.kind === 'release' ? checkRelease(claim, event) : undefined;
    case 'operation-ended':
      return operation?.id === event.detail.operation ? undefined : `what ends on ${handle} had not begun`;
    case 'claim-ended':
      return change.some(other => other.kind === 'operation-ended' && other.board === handle)
        ? undefined
        : `the claim of ${handle} ends by itself`;
    case 'claim-extended':
      return checkExtension(lab, board, claim, event);
    case 'claim-moved':
      return checkMove(claim, event.detail.expiresAtMs, change);
    case 'claim-away':
      return event.detail.untilMs < atMs ? `${handle} is away until a moment that is past` : undefined;
    case 'claim-back':
      return claim.awayUntilMs <= atMs ? `${handle} is back too late` : undefined;
    case 'claim-shared':
      return claim.sharedWith.includes(event.detail.with) ? `${handle} is shared twice` : undefined;
    case 'claim-transferred':
      if (event.detail.from !== claim.user) return `${handle} is not ${event.detail.from}'s to give`;
      return checkBoards(lab, event.detail.to, 1);
    default:
      return undefined;
  }
}

/** A lease ends before its time by its holder's will, or an admin's, or with the other boards of its request. */
function checkRelease(claim: CheckedClaim, { atMs, actor, cause, board }: LabEvent): string | undefined {
  if (cause === causes.expired && atMs < claim.expiresAtMs) return `the lease of ${board} is ended before its time`;
  if (cause === causes.disconnected && atMs < claim.awayUntilMs)
    return `the grace of ${board} is ended before its time`;
  const isOwn = actor === claim.user || actor === admin || claim.formerUsers.includes(actor);
  const isKnown = cause === causes.expired || cause === causes.disconnected || cause === causes.orphan;
  return isOwn || (actor === 'system' && isKnown) ? undefined : `${actor} releases ${claim.user}'s ${board}`;
}

type Extended = Extract<LabEvent, { kind: 'claim-extended' }>;

function checkExtension(
  lab: CheckedLab,
  board: CheckedBoard,
  claim: CheckedClaim,
  { atMs, actor, detail }: Extended,
): string | undefined {
  const { handle, bars } = board;
  const { expiresAtMs } = detail;
  if (expiresAtMs <= claim.expiresAtMs) return `an extension shortens the lease of ${handle}`;
  if (Math.min(claim.expiresAtMs, claim.awayUntilMs) <= atMs) return `${handle} is extended and had run out`;
  if (expiresAtMs > claim.createdAtMs + mostLeaseMs) return `${handle} is extended beyond what a claim may last`;
  if ([...bars.values()].some(({ startsAtMs }) => startsAtMs > atMs && startsAtMs < expiresAtMs)) {
    return `${handle} is extended into a maintenance`;
  }
  const waiter = actor === admin ? undefined : findWaiterFor(lab, board, claim.user);
  return waiter && `${handle} is extended while ${waiter.user} waits`;
}

function checkMove(claim: CheckedClaim, expiresAtMs: number, change: readonly LabEvent[]): string | undefined {
  const [first] = change;
  if (first?.kind === 'clock-set') {
    return expiresAtMs === claim.expiresAtMs + first.detail.byMs ? undefined : 'a lease does not move with the clock';
  }
  return expiresAtMs > claim.expiresAtMs ? undefined : 'a lease that is spared is shortened';
}

type Queued = Extract<LabEvent, { kind: 'request-queued' }>;

function checkQueued(
  lab: CheckedLab,
  { seq, user = '', detail }: Queued,
  change: readonly LabEvent[],
): string | undefined {
  if (detail.seq !== seq) return `request ${detail.request} waits under ${detail.seq}, and came with ${seq}`;
  // What the same change gives is not waited for: the limit is for what is left.
  const ended = new Set(change.flatMap(event => (event.kind === 'request-ended' ? [event.detail.request] : [])));
  const left = [...lab.queue].filter(([id, request]) => request.user === user && !ended.has(id)).length + 1;
  if (!ended.has(detail.request) && left > limits.waiting) return `${user} has ${left} requests that wait`;
  return checkBoards(lab, user, detail.wants.length);
}

function checkBoards({ boards, queue }: CheckedLab, user: string, more: number): string | undefined {
  const held = [...boards.values()].filter(({ claim }) => claim?.user === user).length;
  const waiting = [...queue.values()].filter(request => request.user === user);
  const count = waiting.reduce((sum, { wants }) => sum + wants.length, held + more);
  return count > limits.boards ? `${user} has or waits for ${count} boards` : undefined;
}
