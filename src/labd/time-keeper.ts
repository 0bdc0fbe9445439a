import type { ReservationSettings } from '../config/lab-config.ts';
import { endOf } from '../lab/claim.ts';
import { formatMoment } from '../lab/format-moment.ts';
import { systemActor } from '../lab/operation.ts';
import type { Store } from '../store/store.ts';
import type { Changes } from './changes.ts';
import type { Operations } from './operations.ts';

/** What the passing of time does to leases and to the queue. */
export interface TimeKeeper {
  /** To be called before anything else: finds out how long no labd was there. */
  begin(): Promise<void>;
  /** To be called twice a second. */
  tick(): Promise<void>;
}

/** A tick that comes so late was cut off itself (stopped, or swapped out): so nobody could have extended a lease. */
const outageMs = 15_000;
/** What the clock may run fast or slow between two ticks without having been set. */
const slackMs = 5000;
const aliveEveryMs = 5000;
const retryReleaseMs = 30_000;

export function createTimeKeeper(options: {
  readonly store: Store;
  readonly operations: Pick<Operations, 'start' | 'startAll'>;
  readonly changes: Changes;
  readonly settings: () => ReservationSettings;
  /** Tells those who have the board's console open. */
  readonly notify: (board: string, text: string | undefined) => void;
  /** Never goes back, and knows nothing of the time of day; milliseconds. */
  readonly monotonicMs: () => number;
  readonly log: (text: string) => void;
}): TimeKeeper {
  const { store, operations, changes, settings, notify, monotonicMs, log } = options;
  let last: { readonly wallMs: number; readonly monotonicMs: number } | undefined;
  let aliveAtMs = 0;
  const releaseAgainAt = new Map<string, number>();
  const warned = new Map<string, string>();

  async function spare(awayMs: number): Promise<void> {
    log(`no lease could be extended for ${Math.round(awayMs / 1000)} s: those that end now last a little longer`);
    await store.spareLeases(settings().outageGraceMs);
  }

  /** Time that passed on the wall but not here is a clock that was set, or a machine that slept. */
  async function followClock(): Promise<void> {
    const now = { wallMs: await store.nowMs(), monotonicMs: monotonicMs() };
    const before = last ?? now;
    last = now;
    const passedMs = now.monotonicMs - before.monotonicMs;
    const stepMs = now.wallMs - before.wallMs - passedMs;
    if (Math.abs(stepMs) > slackMs) {
      log(`the clock was set by ${Math.round(stepMs / 1000)} s: all leases move with it`);
      await store.shiftLeases(Math.round(stepMs));
    }
    if (passedMs > outageMs) await spare(passedMs);
    if (now.monotonicMs < aliveAtMs + aliveEveryMs) return;
    aliveAtMs = now.monotonicMs;
    await store.markAlive();
  }

  async function expire(): Promise<void> {
    for (const { board, epoch, awayUntilMs, expiresAtMs } of await store.listExpired()) {
      const record = await store.findBoard(board);
      if (record?.operation || (releaseAgainAt.get(board) ?? 0) > monotonicMs()) continue;
      releaseAgainAt.set(board, monotonicMs() + retryReleaseMs);
      const cause = awayUntilMs !== undefined && awayUntilMs < expiresAtMs ? 'disconnected' : 'expired';
      operations.start(await store.beginOperation({ kind: 'release', board, epoch, actor: systemActor, cause }));
    }
  }

  /** Each end is told of once; one that was moved, again. */
  async function warn(): Promise<void> {
    const nowMs = await store.nowMs();
    const { warnMs } = settings();
    const soon = await store.listEndingBefore(nowMs + warnMs);
    const current = new Set(soon.map(({ board }) => board));
    for (const board of warned.keys()) {
      if (current.has(board)) continue;
      warned.delete(board);
      notify(board, undefined);
    }
    for (const claim of soon) {
      const { board, epoch, createdAtMs } = claim;
      const key = `${epoch} ${endOf(claim)}`;
      if (warned.get(board) === key || endOf(claim) <= nowMs) continue;
      warned.set(board, key);
      // Whoever asked for less than that knows it already.
      if (endOf(claim) - createdAtMs <= warnMs) continue;
      notify(
        board,
        `${board} will be released at ${formatMoment(endOf(claim))}: \`labcli extend --for 1h\` gives more time`,
      );
    }
  }

  return {
    async begin() {
      const awayMs = (await store.nowMs()) - (await store.markAlive());
      if (awayMs > outageMs) await spare(awayMs);
      await store.markAllAway();
    },
    async tick() {
      await followClock();
      await expire();
      await warn();
      const { isChanged, granted } = await store.settle();
      operations.startAll(granted);
      if (isChanged) changes.tell();
    },
  };
}
