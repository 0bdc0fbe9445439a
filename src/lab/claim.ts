/** One user's exclusive hold on one board. Times are milliseconds since 1970, UTC. */
export interface Claim {
  readonly id: number;
  readonly board: string;
  readonly user: string;
  /** Grows by one with each claim of the board, and never shrinks: the fence against stale actions. */
  readonly epoch: number;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** The request that it came from. Claims of one request stand or fall together while they are built. */
  readonly requestId: number;
  /** Colleagues who may use jail, console and power too, by name. */
  readonly sharedWith: readonly string[];
  /** OpenSSH public keys that open the jail besides its users' own. */
  readonly keys: readonly string[];
  /** Set for a claim that lives as long as a connection: how long it outlives it. */
  readonly graceMs?: number;
  /** When it ends unless the connection comes back; only while the connection is away. */
  readonly awayUntilMs?: number;
}

export type OperationKind = 'claim' | 'reinit' | 'release' | 'check';

/** When the claim ends if nothing is done. */
export function endOf({ expiresAtMs, awayUntilMs }: Pick<Claim, 'expiresAtMs' | 'awayUntilMs'>): number {
  return Math.min(expiresAtMs, awayUntilMs ?? Number.POSITIVE_INFINITY);
}
