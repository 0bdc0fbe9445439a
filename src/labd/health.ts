import type { HealthCheck } from '../config/lab-config.ts';
import type { BarKind } from '../lab/bar.ts';
import type { Board } from '../lab/board.ts';
import { LabError } from '../lab/error.ts';
import { systemActor } from '../lab/operation.ts';
import type { BoardRecord, Store } from '../store/store.ts';
import type { Operations } from './operations.ts';

/** Finds the boards whose health check is due, and begins it. */
export interface Health {
  beginDue(records: readonly BoardRecord[]): Promise<void>;
  /** An admin wants one now. */
  begin(board: string, actor: string): Promise<number>;
}

/** With one of these a board is not even checked. */
const takesOut: ReadonlySet<BarKind> = new Set(['dirty', 'offline', 'maintenance', 'in-use']);
/** A check boots a board: more at once would slow down those who work. */
const mostChecksAtOnce = 2;
/** What a check's jail needs besides the time that the board has to say what is expected. */
const marginMs = 180_000;

export function createHealth(options: {
  readonly store: Store;
  readonly operations: Operations;
  readonly healthOf: (board: Board) => HealthCheck | undefined;
  readonly log: (text: string) => void;
}): Health {
  const { store, operations, healthOf, log } = options;

  async function begin(handle: string, actor: string): Promise<number> {
    const record = await store.findBoard(handle);
    if (!record) throw new LabError('not-found', `there is no board ${handle}`);
    const health = healthOf(record.board);
    if (!health) {
      throw new LabError('usage', `the class ${record.board.class} has no health check`, {
        hint: 'give it one in lab.yaml: health: { expect: ..., within: 60s }',
      });
    }
    const operation = await store.beginCheck({ board: handle, leaseMs: health.withinMs + marginMs, actor });
    operations.start(operation);
    return operation.id;
  }

  function whyDue({ board, lastCheckedAtMs }: BoardRecord, nowMs: number): string | undefined {
    const everyMs = healthOf(board)?.everyMs;
    if (everyMs === undefined || lastCheckedAtMs + everyMs > nowMs) return undefined;
    return lastCheckedAtMs === 0 ? 'it was never checked' : 'its last check is too old';
  }

  return {
    begin,
    async beginDue(records) {
      const nowMs = await store.nowMs();
      let running = records.filter(({ operation }) => operation?.kind === 'check').length;
      for (const record of records) {
        const { claim, operation, bars, isListed, board } = record;
        if (claim || operation || !isListed || !healthOf(board)) continue;
        if (bars.some(({ kind }) => takesOut.has(kind))) continue;
        const isDue = bars.some(({ kind }) => kind === 'check-due');
        const reason = isDue || bars.some(({ kind }) => kind === 'health') ? undefined : whyDue(record, nowMs);
        if (reason !== undefined) {
          await store.setBar({ board: board.handle, kind: 'check-due', reason, actor: systemActor });
        }
        if ((!isDue && reason === undefined) || running >= mostChecksAtOnce) continue;
        running += 1;
        await begin(board.handle, systemActor).catch(error =>
          log(`${board.handle}: check: ${(error as Error).message}`),
        );
      }
    },
  };
}
