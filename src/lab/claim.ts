/** One user's exclusive hold on one board. Times are milliseconds since 1970, UTC. */
export interface Claim {
  readonly id: number;
  readonly board: string;
  readonly user: string;
  /** Grows by one with each claim of the board, and never shrinks: the fence against stale actions. */
  readonly epoch: number;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

export type OperationKind = 'claim' | 'reinit' | 'release';
