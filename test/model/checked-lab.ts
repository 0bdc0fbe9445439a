import type { LabEvent } from '../../src/lab/event.ts';
import type { ReplayedLab } from '../../src/lab/replay.ts';
import type { Want } from '../../src/lab/want.ts';

/** The lab as the model's own reading of the events has it. Nothing of the store's logic is used here. */
export interface CheckedLab {
  readonly boards: Map<string, CheckedBoard>;
  readonly queue: Map<number, CheckedRequest>;
}

export interface CheckedBoard {
  readonly handle: string;
  isListed: boolean;
  class: string;
  labels: readonly string[];
  /** The highest that was ever given out. */
  epoch: number;
  lastReleasedAtMs: number;
  readonly bars: Map<string, { readonly reason: string; readonly startsAtMs: number; readonly endsAtMs: number }>;
  claim: CheckedClaim | undefined;
  operation: CheckedOperation | undefined;
}

export interface CheckedClaim {
  user: string;
  /** Who had it before it changed hands: what they began to do may come late. */
  readonly formerUsers: string[];
  readonly epoch: number;
  readonly request: number;
  createdAtMs: number;
  expiresAtMs: number;
  awayUntilMs: number;
  sharedWith: string[];
}

export interface CheckedOperation {
  readonly id: number;
  readonly kind: string;
}

export interface CheckedRequest {
  readonly id: number;
  readonly user: string;
  readonly wants: readonly Want[];
  readonly priority: number;
  readonly seq: number;
  readonly leaseMs: number;
  createdAtMs: number;
}

export function boardOf({ boards }: CheckedLab, handle: string): CheckedBoard {
  const known = boards.get(handle);
  if (known) return known;
  const board: CheckedBoard = {
    handle,
    isListed: false,
    class: '',
    labels: [],
    epoch: 0,
    lastReleasedAtMs: 0,
    bars: new Map(),
    claim: undefined,
    operation: undefined,
  };
  boards.set(handle, board);
  return board;
}

/** Takes the event into account, whatever it says: whether it may say so is checked before (check-event.ts). */
export function applyEvent(lab: CheckedLab, event: LabEvent): void {
  switch (event.kind) {
    case 'request-queued': {
      const { request: id, wants, priority, seq, leaseMs } = event.detail;
      lab.queue.set(id, { id, user: event.user ?? '', wants, priority, seq, leaseMs, createdAtMs: event.atMs });
      return;
    }
    case 'request-ended':
      lab.queue.delete(event.detail.request);
      return;
    case 'clock-set':
      moveAll(lab, event.detail.byMs);
      return;
    default:
      if (event.board !== undefined) applyToBoard(boardOf(lab, event.board), event);
  }
}

function applyToBoard(board: CheckedBoard, event: LabEvent): void {
  switch (event.kind) {
    case 'board-listed':
      Object.assign(board, { isListed: true, class: event.detail.class, labels: event.detail.labels });
      return;
    case 'board-unlisted':
      board.isListed = false;
      return;
    case 'claim-granted': {
      const { atMs, user = '', epoch = 0 } = event;
      const { request, expiresAtMs } = event.detail;
      const times = { createdAtMs: atMs, expiresAtMs, awayUntilMs: Number.POSITIVE_INFINITY };
      board.claim = { user, formerUsers: [], epoch, request, ...times, sharedWith: [] };
      board.epoch = Math.max(board.epoch, epoch);
      return;
    }
    case 'claim-ended':
      board.claim = undefined;
      board.lastReleasedAtMs = event.atMs;
      return;
    case 'operation-begun':
      board.operation = { id: event.detail.operation, kind: event.detail.kind };
      return;
    case 'operation-ended':
      board.operation = undefined;
      return;
    case 'bar-set': {
      const { bar, reason, startsAtMs = 0, endsAtMs = Number.POSITIVE_INFINITY } = event.detail;
      board.bars.set(bar, { reason, startsAtMs, endsAtMs });
      return;
    }
    case 'bar-lifted':
      board.bars.delete(event.detail.bar);
      return;
    default:
      if (board.claim) applyToClaim(board.claim, event);
  }
}

function applyToClaim(claim: CheckedClaim, event: LabEvent): void {
  switch (event.kind) {
    case 'claim-extended':
    case 'claim-moved':
      claim.expiresAtMs = event.detail.expiresAtMs;
      break;
    case 'claim-away':
      claim.awayUntilMs = event.detail.untilMs;
      break;
    case 'claim-back':
      claim.awayUntilMs = Number.POSITIVE_INFINITY;
      break;
    case 'claim-shared':
      claim.sharedWith.push(event.detail.with);
      break;
    case 'claim-unshared':
      claim.sharedWith = claim.sharedWith.filter(user => user !== event.detail.with);
      break;
    case 'claim-transferred':
      // It lives by its lease alone from now on.
      claim.awayUntilMs = Number.POSITIVE_INFINITY;
      claim.formerUsers.push(claim.user);
      claim.user = event.detail.to;
      claim.sharedWith = claim.sharedWith.filter(user => user !== event.detail.to);
      break;
    default:
  }
}

/** What was agreed by length moves with the clock. The ends of leases do so by events of their own. */
function moveAll({ boards, queue }: CheckedLab, byMs: number): void {
  for (const { claim } of boards.values()) {
    if (!claim) continue;
    claim.createdAtMs += byMs;
    claim.awayUntilMs += byMs;
  }
  for (const request of queue.values()) request.createdAtMs += byMs;
}

/** In the form in which the store tells what it has. */
export function toReplayed({ boards, queue }: CheckedLab): ReplayedLab {
  const replayed: ReplayedLab = { boards: {}, queue: {} };
  for (const { handle, isListed, class: name, labels, epoch, bars, claim } of boards.values()) {
    replayed.boards[handle] = {
      isListed,
      class: name,
      labels,
      epoch,
      bars: Object.fromEntries([...bars].map(([kind, { reason }]) => [kind, reason])),
      ...(claim && {
        claim: {
          user: claim.user,
          epoch: claim.epoch,
          expiresAtMs: claim.expiresAtMs,
          sharedWith: claim.sharedWith,
        },
      }),
    };
  }
  for (const { id, user, priority, seq, wants } of queue.values()) {
    replayed.queue[id] = { user, priority, seq, wants };
  }
  return replayed;
}
