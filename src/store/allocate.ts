import { type RawBuilder, sql, type Transaction } from 'kysely';
import { LabError } from '../lab/error.ts';
import { formatMoment } from '../lab/format-moment.ts';
import type { Operation } from '../lab/operation.ts';
import type { Now } from './claims.ts';
import { lockClass } from './lock-class.ts';
import { insertOperation } from './operations.ts';
import type { StoreSchema } from './schema.ts';
import type { ClaimWish } from './store.ts';

/** Those whose claims end first: more would be no help. */
const mostHoldersTold = 5;

export async function allocate(transaction: Transaction<StoreSchema>, now: Now, wish: ClaimWish): Promise<Operation> {
  const seq = await lockClass(transaction, wish.class);
  if (seq === undefined) throw new LabError('not-found', `there is no class ${wish.class}`);
  const free = await transaction
    .selectFrom('board')
    .select(['handle', 'epoch'])
    .where('class', '=', wish.class)
    .where('is_listed', '=', 1)
    .where('claim_id', 'is', null)
    .where('quarantine', 'is', null)
    .orderBy('last_released_at')
    .orderBy('handle')
    .executeTakeFirst();
  if (!free) throw await noneFree(transaction, wish.class);

  const epoch = free.epoch + 1;
  const claim = await transaction
    .insertInto('claim')
    .values({
      board: free.handle,
      user_name: wish.user,
      epoch,
      created_at: now(),
      expires_at: addMs(now(), wish.leaseMs),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const taken = await transaction
    .updateTable('board')
    .set({ claim_id: claim.id, epoch, power_wanted: wish.power })
    .where('handle', '=', free.handle)
    .where('claim_id', 'is', null)
    .where('epoch', '=', free.epoch)
    .executeTakeFirst();
  if (taken.numUpdatedRows !== 1n) throw new LabError('bug', `${free.handle} was taken while its class was locked`);
  return insertOperation(transaction, now, { kind: 'claim', board: free.handle, claimId: claim.id, actor: wish.user });
}

function addMs(moment: RawBuilder<number>, ms: number): RawBuilder<number> {
  return sql<number>`${moment} + ${sql.lit(ms)}`;
}

async function noneFree(transaction: Transaction<StoreSchema>, className: string): Promise<LabError> {
  const holders = await transaction
    .selectFrom('claim')
    .innerJoin('board', 'board.claim_id', 'claim.id')
    .select(['board.handle', 'claim.user_name', 'claim.expires_at'])
    .where('board.class', '=', className)
    .orderBy('claim.expires_at')
    .limit(mostHoldersTold)
    .execute();
  const told = holders.map(row => `${row.handle}: ${row.user_name} until ${formatMoment(row.expires_at)}`);
  const hint = told.length > 0 ? told.join('; ') : 'its boards are quarantined: `labcli status` says why';
  return new LabError('busy', `no board of class ${className} is free`, { hint });
}
