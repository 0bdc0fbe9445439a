import type { Kysely, RawBuilder, Selectable } from 'kysely';
import type { Claim } from '../lab/claim.ts';
import type { StoreSchema } from './schema.ts';

export type Now = () => RawBuilder<number>;
type ClaimRow = Pick<
  Selectable<StoreSchema['claim']>,
  'id' | 'board' | 'user_name' | 'epoch' | 'created_at' | 'expires_at'
>;

export function readClaim(row: ClaimRow): Claim {
  return {
    id: row.id,
    board: row.board,
    user: row.user_name,
    epoch: row.epoch,
    createdAtMs: row.created_at,
    expiresAtMs: row.expires_at,
  };
}

export async function isLive(database: Kysely<StoreSchema>, now: Now, board: string, epoch: number): Promise<boolean> {
  const row = await database
    .selectFrom('claim')
    .select('id')
    .where('board', '=', board)
    .where('epoch', '=', epoch)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now())
    .executeTakeFirst();
  return row !== undefined;
}

export async function listExpired(database: Kysely<StoreSchema>, now: Now): Promise<Claim[]> {
  const rows = await database
    .selectFrom('claim')
    .selectAll()
    .where('ended_at', 'is', null)
    .where('expires_at', '<=', now())
    .orderBy('expires_at')
    .execute();
  return rows.map(readClaim);
}
