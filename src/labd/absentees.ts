import { LabError } from '../lab/error.ts';
import { systemActor } from '../lab/operation.ts';
import type { Store } from '../store/store.ts';
import type { Operations } from './operations.ts';

/**
 * Requests whose users may be gone: what they are granted all the same is given back, since nobody knows of it. Either the connection
 * broke in the very moment of the grant, or it went with an earlier labd and did not come back.
 */
export interface Absentees {
  /** To be called before anybody is granted anything: all who wait are away, until they come back. */
  begin(): Promise<void>;
  isBack(requestId: number): void;
  hasLeft(requestId: number): void;
  /** Gives back what can be given back now; to be called every so often. */
  giveBack(): Promise<void>;
}

/** How long those who wait have to come back after labd went away. */
const comeBackMs = 20_000;

export function createAbsentees(options: {
  readonly store: Store;
  readonly operations: Pick<Operations, 'start'>;
}): Absentees {
  const { store, operations } = options;
  const dueAtMs = new Map<number, number>();

  /** Says whether all of it is on its way back, or there is nothing. */
  async function release(requestId: number): Promise<boolean> {
    const request = await store.findRequest(requestId);
    if (request?.ended === undefined) return request === undefined;
    let isAll = true;
    for (const { claim } of await store.listClaimOperations(requestId)) {
      const { board, epoch } = claim;
      const record = await store.findBoard(board);
      if (record?.claim?.epoch !== epoch || record.operation?.kind === 'release') continue;
      // It is being built: that comes to its end first.
      isAll &&= record.operation === undefined;
      if (record.operation) continue;
      try {
        const begin = { kind: 'release', board, epoch, actor: systemActor, cause: 'disconnected' } as const;
        operations.start(await store.beginOperation(begin));
      } catch (error) {
        if (!(error instanceof LabError)) throw error;
        isAll = false;
      }
    }
    return isAll;
  }

  return {
    async begin() {
      const atMs = performance.now() + comeBackMs;
      for (const { id } of await store.listQueue()) dueAtMs.set(id, atMs);
    },
    isBack(requestId) {
      dueAtMs.delete(requestId);
    },
    hasLeft(requestId) {
      dueAtMs.set(requestId, performance.now());
    },
    async giveBack() {
      for (const [requestId, atMs] of dueAtMs) {
        if (atMs <= performance.now() && (await release(requestId))) dueAtMs.delete(requestId);
      }
    },
  };
}
