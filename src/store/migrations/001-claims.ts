import { type Kysely, sql } from 'kysely';
import type { Engine } from '../engine.ts';

/** The first store: boards, claims and operations. */
// biome-ignore lint/suspicious/noExplicitAny: a migration sees tables as they were, not as the schema has them now
export async function addClaims(database: Kysely<any>, { identity }: Engine): Promise<void> {
  const { schema } = database;
  await schema
    .createTable('class')
    .addColumn('name', 'text', column => column.primaryKey())
    .addColumn('seq', 'bigint', column => column.notNull().defaultTo(0))
    .execute();
  await schema
    .createTable('board')
    .addColumn('handle', 'text', column => column.primaryKey())
    .addColumn('class', 'text', column => column.notNull().references('class.name'))
    .addColumn('definition', 'text', column => column.notNull())
    .addColumn('is_listed', 'integer', column => column.notNull())
    .addColumn('epoch', 'bigint', column => column.notNull().defaultTo(0))
    .addColumn('claim_id', 'bigint')
    .addColumn('quarantine', 'text')
    .addColumn('last_released_at', 'bigint', column => column.notNull().defaultTo(0))
    .addColumn('power_wanted', 'text', column => column.notNull().defaultTo('off'))
    .execute();
  await schema
    .createTable('claim')
    .addColumn('id', identity.type, identity.build)
    .addColumn('board', 'text', column => column.notNull().references('board.handle'))
    .addColumn('user_name', 'text', column => column.notNull())
    .addColumn('epoch', 'bigint', column => column.notNull())
    .addColumn('created_at', 'bigint', column => column.notNull())
    .addColumn('expires_at', 'bigint', column => column.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('end_reason', 'text')
    .addUniqueConstraint('claim_epoch', ['board', 'epoch'])
    .execute();
  await schema
    .createIndex('claim_live')
    .unique()
    .on('claim')
    .column('board')
    .where(sql.ref('ended_at'), 'is', null)
    .execute();
  await schema
    .createTable('operation')
    .addColumn('id', identity.type, identity.build)
    .addColumn('board', 'text', column => column.notNull().references('board.handle'))
    .addColumn('kind', 'text', column => column.notNull())
    .addColumn('claim_id', 'bigint', column => column.notNull().references('claim.id'))
    .addColumn('actor', 'text', column => column.notNull())
    .addColumn('state', 'text', column => column.notNull())
    .addColumn('step', 'text')
    .addColumn('attempt', 'integer', column => column.notNull().defaultTo(0))
    .addColumn('error', 'text')
    .addColumn('created_at', 'bigint', column => column.notNull())
    .addColumn('updated_at', 'bigint', column => column.notNull())
    .addColumn('finished_at', 'bigint')
    .execute();
  await schema
    .createIndex('operation_running')
    .unique()
    .on('operation')
    .column('board')
    .where(sql.ref('finished_at'), 'is', null)
    .execute();
}
