import type { Kysely } from 'kysely';
import { type ErrorMessage, LabError } from '../lab/error.ts';
import { type Operation, systemActor } from '../lab/operation.ts';
import { liftBar, setBar } from './bars.ts';
import { barConflicts, liftConflicts } from './conflicts.ts';
import { grantWaiters } from './grant-waiters.ts';
import { insertOperation } from './operation-rows.ts';
import type { StoreSchema } from './schema.ts';
import type { OperationBegin, OperationResult } from './store.ts';
import { adoptNextDefinition } from './sync-lab.ts';
import type { Writing } from './write.ts';

export async function beginOperation(writing: Writing, begin: OperationBegin): Promise<Operation> {
  const { database } = writing;
  const { kind, board, epoch, holder, actor, cause } = begin;
  const claim = await database
    .selectFrom('claim')
    .select(['id', 'user_name'])
    .where('board', '=', board)
    .where('epoch', '=', epoch)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  if (!claim) throw new LabError('denied', `that claim of ${board} is over`);
  if (holder !== undefined && claim.user_name !== holder) {
    throw new LabError('denied', `${board} is held by ${claim.user_name}, not by ${holder}`);
  }
  await refuseSecondOperation(writing, board);
  const dirty = await database
    .selectFrom('bar')
    .select('reason')
    .where('board', '=', board)
    .where('kind', '=', 'dirty')
    .executeTakeFirst();
  if (kind === 'reinit' && dirty) {
    throw new LabError('busy', `${board} is quarantined: ${dirty.reason}`, { hint: `labcli release ${board}` });
  }
  if (kind === 'reinit') await refuseChangedBoard(writing, board);
  await database.updateTable('board').set({ power_wanted: 'off' }).where('handle', '=', board).execute();
  const rest = cause === undefined ? {} : { cause };
  return insertOperation(writing, { kind, board, claimId: claim.id, epoch, actor, ...rest });
}

/** One operation at a time: what is told here is who is at it. */
export async function refuseSecondOperation({ database }: Writing, board: string): Promise<void> {
  const running = await database
    .selectFrom('operation')
    .select(['kind', 'actor'])
    .where('board', '=', board)
    .where('finished_at', 'is', null)
    .executeTakeFirst();
  if (!running) return;
  const by = running.actor === systemActor ? '' : ` (${running.actor})`;
  throw new LabError('busy', `${board} is busy: its ${running.kind} is running${by}`, {
    hint: '`--wait` waits for its end',
  });
}

/** The board's new wiring begins with its next claim, and a clean jail on the old one is not what anybody wants. */
async function refuseChangedBoard({ database }: Writing, board: string): Promise<void> {
  const row = await database
    .selectFrom('board')
    .select(['is_listed', 'next_definition'])
    .where('handle', '=', board)
    .executeTakeFirstOrThrow();
  if (row.is_listed === 1 && row.next_definition === null) return;
  throw new LabError('busy', `lab.yaml has changed ${board} since its claim began`, {
    hint: 'release it, and claim a board again',
  });
}

export async function recordStep(
  database: Kysely<StoreSchema>,
  nowMs: number,
  id: number,
  step: string,
  attempt: number,
): Promise<void> {
  await database
    .updateTable('operation')
    .set({ step, attempt, updated_at: nowMs })
    .where('id', '=', id)
    .where('finished_at', 'is', null)
    .execute();
}

export async function markUndoing(
  database: Kysely<StoreSchema>,
  nowMs: number,
  id: number,
  error: ErrorMessage,
): Promise<void> {
  await database
    .updateTable('operation')
    .set({ state: 'undoing', error: JSON.stringify(error), updated_at: nowMs })
    .where('id', '=', id)
    .where('finished_at', 'is', null)
    .execute();
}

/** Ends the operation, and its claim if the result says so; then the board goes to the first waiter it fits. */
export async function finishOperation(
  writing: Writing,
  id: number,
  result: OperationResult,
): Promise<readonly Operation[]> {
  const { database, nowMs, record } = writing;
  const { state, error, endReason, setBars = [], liftBars = [], checkAfterClaims } = result;
  const ended = await database
    .updateTable('operation')
    .set({ state, updated_at: nowMs, finished_at: nowMs, ...(error ? { error: JSON.stringify(error) } : {}) })
    .where('id', '=', id)
    .where('finished_at', 'is', null)
    .returning(['board', 'claim_id', 'kind', 'actor', 'cause'])
    .executeTakeFirst();
  if (!ended) throw new LabError('bug', `operation ${id} had ended already`);
  const { board, claim_id, kind, actor } = ended;
  const { epoch, user_name: user } = await database
    .selectFrom('claim')
    .select(['epoch', 'user_name'])
    .where('id', '=', claim_id)
    .executeTakeFirstOrThrow();
  const detail = { operation: id, kind, state, ...(error ? { error: error.message } : {}) };
  await record({ kind: 'operation-ended', board, actor, epoch, detail });
  for (const bar of liftBars) await liftBar(writing, board, bar, actor);
  for (const bar of setBars) await setBar(writing, { board, actor: systemActor, ...bar });
  if (kind === 'check' && state === 'done') {
    await database
      .updateTable('board')
      .set({ last_checked_at: nowMs, claims_since_check: 0 })
      .where('handle', '=', board)
      .execute();
  }
  if (endReason === undefined) return [];

  await database
    .updateTable('claim')
    .set({ ended_at: nowMs, end_reason: endReason })
    .where('id', '=', claim_id)
    .where('ended_at', 'is', null)
    .execute();
  const cause = ended.cause === null ? {} : { cause: ended.cause };
  await record({ kind: 'claim-ended', board, user, actor, epoch, detail: { reason: endReason }, ...cause });
  const { claims_since_check } = await database
    .updateTable('board')
    .set(({ eb }) => ({
      claim_id: null,
      last_released_at: nowMs,
      claims_since_check: eb('claims_since_check', '+', kind === 'check' ? 0 : 1),
    }))
    .where('handle', '=', board)
    .where('claim_id', '=', claim_id)
    .returning('claims_since_check')
    .executeTakeFirstOrThrow();
  if (checkAfterClaims !== undefined && claims_since_check >= checkAfterClaims) {
    const reason = `a check is due after ${claims_since_check} claims`;
    await setBar(writing, { board, kind: 'check-due', reason, actor: systemActor });
  }
  // What lab.yaml says of it now may be what yet another board still has.
  if (await adoptNextDefinition(writing, board)) await barConflicts(writing);
  else await liftConflicts(writing);
  return grantWaiters(writing);
}
