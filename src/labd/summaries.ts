import type { BoardState, BoardSummary, ClaimedBoard, PowerState } from '../api/messages.ts';
import type { Bar } from '../lab/bar.ts';
import type { Claim } from '../lab/claim.ts';
import type { BoardRecord } from '../store/store.ts';

/** `soonMs`: a lease that ends before this moment ends soon. */
export function summarizeBoard(record: BoardRecord, power: PowerState, soonMs: number): BoardSummary {
  const { board, claim, operation, bars, plannedBars } = record;
  return {
    handle: board.handle,
    class: board.class,
    labels: board.labels,
    state: stateOf(record),
    power,
    jailAddress: board.network.jailAddress,
    vlan: board.vlan,
    ...(operation ? { operation: operation.kind } : {}),
    ...(claim ? { user: claim.user, epoch: claim.epoch, expiresAtMs: claim.expiresAtMs } : {}),
    ...(claim && claim.sharedWith.length > 0 ? { sharedWith: claim.sharedWith } : {}),
    ...(claim && claim.expiresAtMs < soonMs ? { endsSoon: true } : {}),
    ...(claim?.awayUntilMs === undefined ? {} : { awayUntilMs: claim.awayUntilMs }),
    bars: [...bars, ...plannedBars].map(summarizeBar),
  };
}

/** What keeps a board from being given out comes first, for that is what an admin looks for. */
function stateOf({ claim, bars }: BoardRecord): BoardState {
  if (bars.some(({ kind }) => kind === 'dirty' || kind === 'health')) return 'quarantined';
  if (claim) return 'claimed';
  return bars.length > 0 ? 'offline' : 'free';
}

function summarizeBar({ kind, reason, startsAtMs, endsAtMs }: Bar) {
  return {
    kind,
    reason,
    ...(startsAtMs === undefined ? {} : { startsAtMs }),
    ...(endsAtMs === undefined ? {} : { endsAtMs }),
  };
}

export function summarizeClaim(claim: Claim, record: BoardRecord | undefined, power: PowerState): ClaimedBoard {
  const jailAddress = record?.board.network.jailAddress ?? '';
  return { ...claim, class: record?.board.class ?? '', jailAddress, power };
}
