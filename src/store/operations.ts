import type { Kysely, Transaction } from 'kysely';
import type { OperationKind } from '../lab/claim.ts';
import { type ErrorMessage, LabError } from '../lab/error.ts';
import type { Operation } from '../lab/operation.ts';
import { type Now, readClaim } from './claims.ts';
import { lockClassOfBoard } from './lock-class.ts';
import type { StoreSchema } from './schema.ts';
import type { OperationBegin, OperationResult } from './store.ts';

interface NewOperation {
  readonly kind: OperationKind;
  readonly board: string;
  readonly claimId: number;
  readonly actor: string;
}

export async function insertOperation(
  transaction: Transaction<StoreSchema>,
  now: Now,
  { kind, board, claimId, actor }: NewOperation,
): Promise<Operation> {
  const { id } = await transaction
    .insertInto('operation')
    .values({ kind, board, claim_id: claimId, actor, state: 'running', created_at: now(), updated_at: now() })
    .returning('id')
    .executeTakeFirstOrThrow();
  const operation = await findOperation(transaction, id);
  if (!operation) throw new LabError('bug', `operation ${id} is gone`);
  return operation;
}

export async function beginOperation(
  transaction: Transaction<StoreSchema>,
  now: Now,
  { kind, board, epoch, actor }: OperationBegin,
): Promise<Operation> {
  await lockClassOfBoard(transaction, board);
  const claim = await transaction
    .selectFrom('claim')
    .innerJoin('board', 'board.claim_id', 'claim.id')
    .select(['claim.id', 'board.quarantine'])
    .where('claim.board', '=', board)
    .where('claim.epoch', '=', epoch)
    .where('claim.ended_at', 'is', null)
    .executeTakeFirst();
  if (!claim) throw new LabError('denied', `that claim of ${board} is over`);
  const running = await transaction
    .selectFrom('operation')
    .select('kind')
    .where('board', '=', board)
    .where('finished_at', 'is', null)
    .executeTakeFirst();
  if (running) throw new LabError('busy', `${board} is busy: its ${running.kind} is running`);
  if (kind === 'reinit' && claim.quarantine !== null) {
    throw new LabError('busy', `${board} is quarantined: ${claim.quarantine}`, { hint: `labcli release ${board}` });
  }
  await transaction.updateTable('board').set({ power_wanted: 'off' }).where('handle', '=', board).execute();
  return insertOperation(transaction, now, { kind, board, claimId: claim.id, actor });
}

export async function recordStep(
  database: Kysely<StoreSchema>,
  now: Now,
  id: number,
  step: string,
  attempt: number,
): Promise<void> {
  await database.updateTable('operation').set({ step, attempt, updated_at: now() }).where('id', '=', id).execute();
}

export async function markUndoing(
  database: Kysely<StoreSchema>,
  now: Now,
  id: number,
  error: ErrorMessage,
): Promise<void> {
  await database
    .updateTable('operation')
    .set({ state: 'undoing', error: JSON.stringify(error), updated_at: now() })
    .where('id', '=', id)
    .execute();
}

export async function finishOperation(
  transaction: Transaction<StoreSchema>,
  now: Now,
  id: number,
  { state, error, endReason, quarantine }: OperationResult,
): Promise<void> {
  const running = await transaction
    .selectFrom('operation')
    .select(['board', 'claim_id'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  await lockClassOfBoard(transaction, running.board);
  await transaction
    .updateTable('operation')
    .set({ state, updated_at: now(), finished_at: now(), ...(error ? { error: JSON.stringify(error) } : {}) })
    .where('id', '=', id)
    .where('finished_at', 'is', null)
    .execute();
  if (quarantine !== undefined) {
    await transaction.updateTable('board').set({ quarantine }).where('handle', '=', running.board).execute();
  }
  if (endReason === undefined) return;
  await transaction
    .updateTable('claim')
    .set({ ended_at: now(), end_reason: endReason })
    .where('id', '=', running.claim_id)
    .where('ended_at', 'is', null)
    .execute();
  await transaction
    .updateTable('board')
    .set({ claim_id: null, last_released_at: now() })
    .where('handle', '=', running.board)
    .where('claim_id', '=', running.claim_id)
    .execute();
}

export async function findOperation(database: Kysely<StoreSchema>, id: number): Promise<Operation | undefined> {
  const row = await selectOperations(database).where('operation.id', '=', id).executeTakeFirst();
  return row && readOperation(row);
}

export async function listUnfinishedOperations(database: Kysely<StoreSchema>): Promise<Operation[]> {
  const rows = await selectOperations(database)
    .where('operation.finished_at', 'is', null)
    .orderBy('operation.id')
    .execute();
  return rows.map(readOperation);
}

function selectOperations(database: Kysely<StoreSchema>) {
  return database
    .selectFrom('operation')
    .innerJoin('claim', 'claim.id', 'operation.claim_id')
    .select(['operation.id as operation_id', 'operation.kind', 'operation.actor', 'operation.state'])
    .select(['operation.step', 'operation.attempt', 'operation.error'])
    .select(['claim.id', 'claim.board', 'claim.user_name', 'claim.epoch', 'claim.created_at', 'claim.expires_at']);
}

type OperationRow = Awaited<ReturnType<ReturnType<typeof selectOperations>['executeTakeFirstOrThrow']>>;

function readOperation(row: OperationRow): Operation {
  return {
    id: row.operation_id,
    kind: row.kind,
    claim: readClaim(row),
    actor: row.actor,
    state: row.state,
    attempt: row.attempt,
    ...(row.step === null ? {} : { step: row.step }),
    ...(row.error === null ? {} : { error: JSON.parse(row.error) as ErrorMessage }),
  };
}
