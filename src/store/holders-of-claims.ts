import type { StoreSchema } from './schema.ts';

/** Who had a claim before it was given away, and until when; as the column `former` keeps it, oldest first. */
export interface FormerHolder {
  readonly user: string;
  readonly toMs: number;
}

/** A time in which one user had a claim. */
export interface Holding {
  readonly user: string;
  readonly fromMs: number;
  /** Absent for who has it still. */
  readonly toMs?: number;
  readonly isGivenAway: boolean;
}

/** Who had the claim one after another. */
export function listHoldings(
  claim: Pick<StoreSchema['claim'], 'user_name' | 'ended_at'> & {
    readonly created_at: number;
    readonly former: string;
  },
): Holding[] {
  const { user_name, created_at, ended_at } = claim;
  const former = JSON.parse(claim.former) as FormerHolder[];
  let fromMs = created_at;
  const holdings: Holding[] = [];
  for (const { user, toMs } of former) {
    holdings.push({ user, fromMs, toMs, isGivenAway: true });
    fromMs = toMs;
  }
  return [
    ...holdings,
    { user: user_name, fromMs, ...(ended_at === null ? {} : { toMs: ended_at }), isGivenAway: false },
  ];
}
