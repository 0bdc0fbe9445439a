import type { Kysely } from 'kysely';
import type { OperationKind } from '../lab/claim.ts';
import { type ErrorMessage, LabError } from '../lab/error.ts';
import type { Operation } from '../lab/operation.ts';
import { claimColumns, readClaim } from './claims.ts';
import type { StoreSchema } from './schema.ts';
import type { Writing } from './write.ts';

interface NewOperation {
  readonly kind: OperationKind;
  readonly board: string;
  readonly claimId: number;
  readonly epoch: number;
  readonly actor: string;
  readonly cause?: string;
}

export async function insertOperation(
  { database, nowMs, record }: Writing,
  { kind, board, claimId, epoch, actor, cause }: NewOperation,
): Promise<Operation> {
  const { id } = await database
    .insertInto('operation')
    .values({
      kind,
      board,
      claim_id: claimId,
      actor,
      state: 'running',
      created_at: nowMs,
      updated_at: nowMs,
      cause: cause ?? null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const detail = { operation: id, kind };
  await record({ kind: 'operation-begun', board, actor, epoch, detail, ...(cause === undefined ? {} : { cause }) });
  const operation = await findOperation(database, id);
  if (!operation) throw new LabError('bug', `operation ${id} is gone`);
  return operation;
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

/** The operations that built what a request was granted, oldest first. */
export async function listClaimOperations(database: Kysely<StoreSchema>, requestId: number): Promise<Operation[]> {
  const rows = await selectOperations(database)
    .where('claim.request_id', '=', requestId)
    .where('operation.kind', '=', 'claim')
    .orderBy('operation.id')
    .execute();
  return rows.map(readOperation);
}

function selectOperations(database: Kysely<StoreSchema>) {
  return database
    .selectFrom('operation')
    .innerJoin('claim', 'claim.id', 'operation.claim_id')
    .select(['operation.id as operation_id', 'operation.kind', 'operation.actor', 'operation.state'])
    .select(['operation.step', 'operation.attempt', 'operation.error', 'operation.cause'])
    .select(claimColumns);
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
    ...(row.cause === null ? {} : { cause: row.cause }),
  };
}
