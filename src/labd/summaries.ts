import type { BoardSummary, ClaimedBoard, ClassSummary, PowerState } from '../api/messages.ts';
import type { LabConfig } from '../config/lab-config.ts';
import type { Claim } from '../lab/claim.ts';
import type { BoardRecord } from '../store/store.ts';

export function summarizeBoard(record: BoardRecord, power: PowerState): BoardSummary {
  const { board, claim, operation, quarantine } = record;
  return {
    handle: board.handle,
    class: board.class,
    state: quarantine !== undefined ? 'quarantined' : claim ? 'claimed' : 'free',
    power,
    jailAddress: board.network.jailAddress,
    vlan: board.vlan,
    ...(operation ? { operation: operation.kind } : {}),
    ...(claim ? { user: claim.user, epoch: claim.epoch, expiresAtMs: claim.expiresAtMs } : {}),
    ...(quarantine === undefined ? {} : { reason: quarantine }),
  };
}

export function summarizeClasses(config: LabConfig, records: readonly BoardRecord[]): ClassSummary[] {
  return config.classes.map(({ name, description }) => {
    const listed = records.filter(({ board, isListed }) => isListed && board.class === name);
    const available = listed.filter(({ claim, quarantine }) => !claim && quarantine === undefined);
    return { name, description, boards: listed.length, available: available.length };
  });
}

export function summarizeClaim(claim: Claim, record: BoardRecord | undefined, power: PowerState): ClaimedBoard {
  const { board, epoch, id, user, createdAtMs, expiresAtMs } = claim;
  const jailAddress = record?.board.network.jailAddress ?? '';
  return { id, board, class: record?.board.class ?? '', user, epoch, createdAtMs, expiresAtMs, jailAddress, power };
}
