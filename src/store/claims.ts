import type { Kysely } from 'kysely';
import type { Claim } from '../lab/claim.ts';
import type { StoreSchema } from './schema.ts';

export const claimColumns = [
  'claim.id',
  'claim.board',
  'claim.user_name',
  'claim.epoch',
  'claim.created_at',
  'claim.expires_at',
  'claim.request_id',
  'claim.shared_with',
  'claim.keys',
  'claim.grace_ms',
  'claim.away_until',
] as const;

/** The columns of a claim, all of them null where a join found none. */
export interface ClaimRow {
  readonly id: number | null;
  readonly board: string | null;
  readonly user_name: string | null;
  readonly epoch: number | null;
  readonly created_at: number | null;
  readonly expires_at: number | null;
  readonly request_id: number | null;
  readonly shared_with: string | null;
  readonly keys: string | null;
  readonly grace_ms: number | null;
  readonly away_until: number | null;
}

export function readClaim(
  row: {
    readonly [K in keyof ClaimRow]: NonNullable<ClaimRow[K]> | (K extends 'grace_ms' | 'away_until' ? null : never);
  },
): Claim;
export function readClaim(row: ClaimRow): Claim | undefined;
export function readClaim(row: ClaimRow): Claim | undefined {
  const { id, board, user_name, epoch, created_at, expires_at, request_id, grace_ms, away_until } = row;
  if (id === null || board === null || user_name === null || epoch === null) return undefined;
  return {
    id,
    board,
    user: user_name,
    epoch,
    createdAtMs: created_at ?? 0,
    expiresAtMs: expires_at ?? 0,
    requestId: request_id ?? 0,
    sharedWith: JSON.parse(row.shared_with ?? '[]') as string[],
    keys: JSON.parse(row.keys ?? '[]') as string[],
    ...(grace_ms === null ? {} : { graceMs: grace_ms }),
    ...(away_until === null ? {} : { awayUntilMs: away_until }),
  };
}

export function selectLiveClaims(database: Kysely<StoreSchema>) {
  return database.selectFrom('claim').select(claimColumns).where('ended_at', 'is', null);
}

/** Is this epoch's claim live, and not run out? */
export async function isLive(
  database: Kysely<StoreSchema>,
  nowMs: number,
  board: string,
  epoch: number,
): Promise<boolean> {
  const row = await selectLiveClaims(database)
    .where('board', '=', board)
    .where('epoch', '=', epoch)
    .where('expires_at', '>', nowMs)
    .where(({ eb, or }) => or([eb('away_until', 'is', null), eb('away_until', '>', nowMs)]))
    .executeTakeFirst();
  return row !== undefined;
}

/** Live claims that end at the moment or before, those first that end first. */
export async function listEnding(database: Kysely<StoreSchema>, momentMs: number): Promise<Claim[]> {
  const rows = await selectLiveClaims(database)
    .where(({ eb, or }) => or([eb('expires_at', '<=', momentMs), eb('away_until', '<=', momentMs)]))
    .orderBy('expires_at')
    .execute();
  return rows.map(row => readClaim(row));
}

/** Live claims that a user holds, or that are shared with them. */
export async function listClaimsOf(database: Kysely<StoreSchema>, user: string): Promise<Claim[]> {
  const rows = await selectLiveClaims(database)
    .where(({ eb, or }) => or([eb('user_name', '=', user), eb('shared_with', 'like', `%${JSON.stringify(user)}%`)]))
    .orderBy('board')
    .execute();
  // LIKE takes `_` for any character, and small letters for capitals.
  return rows.map(row => readClaim(row)).filter(claim => claim.user === user || claim.sharedWith.includes(user));
}

/** Live claims of requests of which another claim could not be built. */
export async function listOrphans(database: Kysely<StoreSchema>): Promise<Claim[]> {
  const rows = await selectLiveClaims(database)
    .where('request_id', '>', 0)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('claim as sibling')
          .innerJoin('operation', 'operation.claim_id', 'sibling.id')
          .select('operation.id')
          .whereRef('sibling.request_id', '=', 'claim.request_id')
          .whereRef('sibling.id', '!=', 'claim.id')
          .where('operation.kind', '=', 'claim')
          .where('operation.state', 'in', ['failed', 'undoing']),
      ),
    )
    .execute();
  return rows.map(row => readClaim(row));
}
