import type { BarKind } from './bar.ts';
import type { LabEvent } from './event.ts';
import type { Want } from './want.ts';

/** Who has what, and who waits: the lab as its events tell it. Plain JSON. */
export interface ReplayedLab {
  readonly boards: Record<string, ReplayedBoard>;
  readonly queue: Record<string, ReplayedRequest>;
}

export interface ReplayedBoard {
  isListed: boolean;
  class: string;
  labels: readonly string[];
  epoch: number;
  bars: Partial<Record<BarKind, string>>;
  claim?: { user: string; epoch: number; expiresAtMs: number; sharedWith: string[] };
}

export interface ReplayedRequest {
  readonly user: string;
  readonly priority: number;
  readonly seq: number;
  readonly wants: readonly Want[];
}

export function startReplay(): ReplayedLab {
  return { boards: {}, queue: {} };
}

/** Takes one more event into account. A snapshot replaces all that was known before it. */
export function replayEvent(lab: ReplayedLab, event: LabEvent): ReplayedLab {
  if (event.kind === 'snapshot') return structuredClone(event.detail.state) as ReplayedLab;
  if (event.kind === 'request-queued') {
    const { request, priority, seq, wants } = event.detail;
    lab.queue[request] = { user: event.user ?? '', priority, seq, wants };
  }
  if (event.kind === 'request-ended') delete lab.queue[event.detail.request];
  if (event.board !== undefined) replayOnBoard(boardOf(lab, event.board), event);
  return lab;
}

function boardOf({ boards }: ReplayedLab, handle: string): ReplayedBoard {
  boards[handle] ??= { isListed: false, class: '', labels: [], epoch: 0, bars: {} };
  return boards[handle];
}

function replayOnBoard(board: ReplayedBoard, event: LabEvent): void {
  const { claim } = board;
  switch (event.kind) {
    case 'board-listed':
      Object.assign(board, { isListed: true, class: event.detail.class, labels: event.detail.labels });
      return;
    case 'board-unlisted':
      board.isListed = false;
      return;
    case 'bar-set':
      board.bars[event.detail.bar] = event.detail.reason;
      return;
    case 'bar-lifted':
      delete board.bars[event.detail.bar];
      return;
    case 'claim-granted': {
      const epoch = event.epoch ?? 0;
      board.epoch = epoch;
      board.claim = { user: event.user ?? '', epoch, expiresAtMs: event.detail.expiresAtMs, sharedWith: [] };
      return;
    }
    case 'claim-ended':
      delete board.claim;
      return;
    case 'claim-extended':
    case 'claim-moved':
      if (claim) claim.expiresAtMs = event.detail.expiresAtMs;
      return;
    case 'claim-transferred':
      if (claim) {
        claim.user = event.detail.to;
        claim.sharedWith = claim.sharedWith.filter(user => user !== event.detail.to);
      }
      return;
    case 'claim-shared':
      claim?.sharedWith.push(event.detail.with);
      return;
    case 'claim-unshared':
      if (claim) claim.sharedWith = claim.sharedWith.filter(user => user !== event.detail.with);
      return;
    default:
      return;
  }
}
