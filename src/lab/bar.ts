import { formatMoment } from './format-moment.ts';

/**
 * A reason why a board is not given out. Several can stand at once, one of each kind, and each is lifted by itself.
 *
 * - `dirty`: clean-up after a claim failed; lifted when it works.
 * - `health`: a health check failed; lifted when one passes, or by an admin.
 * - `check-due`: a health check is due before the next claim.
 * - `offline`: an admin took the board out; lifted by `admin online`.
 * - `maintenance`: a window of time that an admin planned.
 * - `in-use`: lab.yaml gives it a wire, port or serial line that another board has until its claim ends.
 */
export const barKinds = ['dirty', 'health', 'check-due', 'offline', 'maintenance', 'in-use'] as const;
export type BarKind = (typeof barKinds)[number];

export interface Bar {
  readonly kind: BarKind;
  readonly reason: string;
  readonly actor: string;
  readonly sinceMs: number;
  /** A maintenance window that has not begun yet bars nobody, but leases end before it. */
  readonly startsAtMs?: number;
  readonly endsAtMs?: number;
}

export function isActive({ startsAtMs, endsAtMs }: Bar, nowMs: number): boolean {
  return (startsAtMs ?? 0) <= nowMs && nowMs < (endsAtMs ?? Number.POSITIVE_INFINITY);
}

/** What people are told of bars: `offline: being moved; dirty: switch poe1 does not answer`. */
export function describeBars(bars: readonly Bar[]): string {
  return bars.map(describeBar).join('; ');
}

/** `maintenance from 2031-05-04 09:30 UTC until 2031-05-04 10:30 UTC: new fan` */
export function describeBar(bar: Pick<Bar, 'kind' | 'reason' | 'startsAtMs' | 'endsAtMs'>): string {
  const { kind, reason, startsAtMs, endsAtMs } = bar;
  const from = startsAtMs === undefined ? '' : ` from ${formatMoment(startsAtMs)}`;
  const until = endsAtMs === undefined ? '' : ` until ${formatMoment(endsAtMs)}`;
  return `${kind}${from}${until}: ${reason}`;
}
