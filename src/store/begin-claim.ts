import { LabError } from '../lab/error.ts';
import type { Operation } from '../lab/operation.ts';
import { insertOperation } from './operation-rows.ts';
import type { Writing } from './write.ts';

/** Gives a free board to somebody, with the next epoch, and begins the operation that builds what they need. */
export async function beginClaim(
  writing: Writing,
  board: string,
  kind: 'claim' | 'check',
  claim: {
    readonly user: string;
    readonly requestId: number;
    readonly leaseMs: number;
    readonly power: 'on' | 'off';
    readonly graceMs: number | null;
    /** JSON. */
    readonly keys: string;
    readonly cause?: string;
  },
): Promise<Operation> {
  const { database, nowMs, record } = writing;
  const { user, requestId, graceMs, keys } = claim;
  const expiresAtMs = nowMs + claim.leaseMs;
  const { epoch: lastEpoch } = await database
    .selectFrom('board')
    .select('epoch')
    .where('handle', '=', board)
    .executeTakeFirstOrThrow();
  const epoch = lastEpoch + 1;
  const { id } = await database
    .insertInto('claim')
    .values({
      board,
      user_name: user,
      epoch,
      created_at: nowMs,
      expires_at: expiresAtMs,
      request_id: requestId,
      keys,
      grace_ms: graceMs,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const taken = await database
    .updateTable('board')
    .set({ claim_id: id, epoch, power_wanted: claim.power })
    .where('handle', '=', board)
    .where('claim_id', 'is', null)
    .executeTakeFirst();
  if (taken.numUpdatedRows !== 1n) throw new LabError('bug', `${board} was taken while the lab was locked`);
  await record({
    kind: 'claim-granted',
    board,
    user,
    actor: user,
    epoch,
    detail: { request: requestId, expiresAtMs },
    ...(claim.cause === undefined ? {} : { cause: claim.cause }),
  });
  return insertOperation(writing, { kind, board, claimId: id, actor: user, epoch });
}
