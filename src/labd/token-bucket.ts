/** Counts what somebody may do: `burst` at once, `perSecond` in the long run. What was done too much is owed. */
export interface TokenBucket {
  take(count: number): void;
  /** How long until nothing is owed, and a second's worth is there again; 0 while there is some left. */
  waitMs(): number;
}

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export function createTokenBucket({ perSecond, burst }: Rate, nowMs: () => number): TokenBucket {
  let left = burst;
  let countedAtMs = nowMs();

  function refill(): void {
    const now = nowMs();
    left = Math.min(burst, left + ((now - countedAtMs) / 1000) * perSecond);
    countedAtMs = now;
  }

  return {
    take(count) {
      refill();
      left -= count;
    },
    waitMs() {
      refill();
      return left > 0 ? 0 : ((perSecond - left) / perSecond) * 1000;
    },
  };
}
