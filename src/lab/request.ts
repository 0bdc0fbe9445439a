import type { Want } from './want.ts';

/** A wish for boards that waits in the queue until it becomes claims: all of its boards at once, or none. */
export interface Request {
  readonly id: number;
  readonly user: string;
  readonly wants: readonly Want[];
  /** Higher is served first; among equals, the lower `seq`, which is the order of asking. */
  readonly priority: number;
  readonly seq: number;
  readonly createdAtMs: number;
  /** When its user stops waiting. */
  readonly deadlineAtMs?: number;
}

export type RequestEnd =
  | 'granted'
  | 'cancelled'
  | 'timeout'
  | 'disconnected'
  | 'refused'
  | 'removed by an admin'
  | 'ended by a change of lab.yaml';
