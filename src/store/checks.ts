import { LabError } from '../lab/error.ts';
import { type Operation, systemActor } from '../lab/operation.ts';
import { beginClaim } from './begin-claim.ts';
import { refuseSecondOperation } from './operations.ts';
import type { CheckBegin } from './store.ts';
import type { Writing } from './write.ts';

/**
 * Gives a board to the lab itself for a health check. Barred boards can be checked, for that is how they come back; one that
 * is dirty must be cleaned first. Throws `busy` when somebody holds it.
 */
export async function beginCheck(writing: Writing, { board, leaseMs, actor }: CheckBegin): Promise<Operation> {
  const { database } = writing;
  await refuseSecondOperation(writing, board);
  const row = await database
    .selectFrom('board')
    .leftJoin('claim', 'claim.id', 'board.claim_id')
    .select(['board.claim_id', 'board.is_listed', 'claim.user_name'])
    .where('board.handle', '=', board)
    .executeTakeFirst();
  if (row?.is_listed !== 1) throw new LabError('not-found', `there is no board ${board}`);
  if (row.claim_id !== null) {
    throw new LabError('busy', `${board} is held by ${row.user_name}`, { hint: 'it can be checked when it is free' });
  }
  const bars = await database
    .selectFrom('bar')
    .select(['kind', 'reason'])
    .where('board', '=', board)
    .where('kind', 'in', ['dirty', 'in-use'])
    .execute();
  for (const { kind, reason } of bars) {
    if (kind === 'dirty') throw new LabError('busy', `${board} must be cleaned up first: ${reason}`);
    throw new LabError('busy', `${board} cannot be had: ${reason}`);
  }
  return beginClaim(writing, board, 'check', {
    user: systemActor,
    requestId: 0,
    leaseMs,
    power: 'off',
    graceMs: null,
    keys: '[]',
    cause: actor === systemActor ? 'health check' : `health check, asked for by ${actor}`,
  });
}
