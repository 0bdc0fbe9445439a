import type { BarKind } from './bar.ts';
import type { OperationKind } from './claim.ts';
import type { RequestEnd } from './request.ts';
import type { Want } from './want.ts';

/** What each kind of change says of itself, besides who, when, where and why. */
export interface EventDetails {
  'board-listed': { readonly class: string; readonly labels: readonly string[] };
  'board-unlisted': Record<never, never>;
  'request-queued': {
    readonly request: number;
    readonly priority: number;
    readonly seq: number;
    readonly wants: readonly Want[];
    readonly leaseMs: number;
  };
  'request-ended': { readonly request: number; readonly reason: RequestEnd };
  'claim-granted': { readonly request: number; readonly expiresAtMs: number };
  'claim-extended': { readonly expiresAtMs: number };
  /** The end moved with the clock, or because the lab could not be asked for more time. */
  'claim-moved': { readonly expiresAtMs: number };
  'claim-transferred': { readonly from: string; readonly to: string };
  'claim-shared': { readonly with: string };
  'claim-unshared': { readonly with: string };
  'claim-away': { readonly untilMs: number };
  'claim-back': Record<never, never>;
  'claim-ended': { readonly reason: string };
  'operation-begun': { readonly operation: number; readonly kind: OperationKind };
  'operation-ended': {
    readonly operation: number;
    readonly kind: OperationKind;
    readonly state: string;
    readonly error?: string;
  };
  'bar-set': {
    readonly bar: BarKind;
    readonly reason: string;
    readonly startsAtMs?: number;
    readonly endsAtMs?: number;
  };
  'bar-lifted': { readonly bar: BarKind };
  'power-switched': { readonly action: string };
  'lab-reloaded': Record<never, never>;
  'jail-base-begun': Record<never, never>;
  /** New jails are built on it from now on. */
  'jail-base-built': { readonly base: string };
  /** The clock was set, and all that was agreed by length moved with it: live claims, and requests that wait. */
  'clock-set': { readonly byMs: number };
  /** All that older events said, told again when they were dropped. */
  snapshot: { readonly state: unknown };
}

export type EventKind = keyof EventDetails;

/** One change of the lab, as it is kept. Events are only ever added. */
export type LabEvent = {
  readonly [K in EventKind]: {
    readonly id: number;
    readonly atMs: number;
    /** The number of the change that it is part of: events with the same one came about at once, or not at all. */
    readonly seq: number;
    readonly kind: K;
    readonly detail: EventDetails[K];
    /** A user, or `system`. */
    readonly actor: string;
    readonly board?: string;
    /** Whose request or claim it is about. */
    readonly user?: string;
    readonly epoch?: number;
    /** Why, when that is not plain from the kind. */
    readonly cause?: string;
  };
}[EventKind];

type Without<E, K extends PropertyKey> = E extends unknown ? Omit<E, K> : never;
export type NewEvent = Without<LabEvent, 'id' | 'atMs' | 'seq'>;
