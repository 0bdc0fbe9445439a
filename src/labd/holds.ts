import type { OperationEvent } from '../api/messages.ts';
import type { Claim } from '../lab/claim.ts';
import { LabError } from '../lab/error.ts';
import type { Store } from '../store/store.ts';
import type { Changes } from './changes.ts';

/** Claims that live by a connection: while one is there the claim lasts, and when it has gone, for a grace. */
export interface Holds {
  /** The connection is this stream: it tells when a claim ends all the same. The claims' grace begins when the signal is aborted. */
  keep(claims: readonly Pick<Claim, 'board' | 'epoch'>[], signal: AbortSignal): AsyncGenerator<OperationEvent>;
  /** The connection went before there was anything to keep. */
  lose(claims: readonly Pick<Claim, 'board' | 'epoch'>[]): Promise<void>;
}

export function createHolds(store: Store, changes: Changes): Holds {
  const connections = new Map<string, number>();
  const keyOf = ({ board, epoch }: Pick<Claim, 'board' | 'epoch'>) => `${board} ${epoch}`;

  async function lose(claims: readonly Pick<Claim, 'board' | 'epoch'>[]): Promise<void> {
    for (const claim of claims) {
      if (connections.has(keyOf(claim))) continue;
      try {
        await store.markAway(claim.board, claim.epoch);
      } catch (error) {
        // It has ended, or is being released.
        if (!(error instanceof LabError)) throw error;
      }
    }
  }

  return {
    async *keep(claims, signal) {
      for (const claim of claims) {
        connections.set(keyOf(claim), (connections.get(keyOf(claim)) ?? 0) + 1);
      }
      try {
        for (const { board, epoch } of claims) await store.markBack(board, epoch);
        const ended = new Set<string>();
        while (!signal.aborted && ended.size < claims.length) {
          const changed = changes.wait(signal);
          for (const claim of claims) {
            const record = await store.findBoard(claim.board);
            const isKept = record?.claim?.epoch === claim.epoch && record.claim.graceMs !== undefined;
            if (ended.has(claim.board) || isKept) continue;
            ended.add(claim.board);
            yield { event: 'ended', board: claim.board };
          }
          if (ended.size < claims.length) await changed;
        }
      } finally {
        for (const claim of claims) {
          const left = (connections.get(keyOf(claim)) ?? 1) - 1;
          if (left > 0) connections.set(keyOf(claim), left);
          else connections.delete(keyOf(claim));
        }
        await lose(claims);
      }
    },
    lose,
  };
}
