import { type Kysely, type Migration, Migrator, sql } from 'kysely';
import { LabError } from '../lab/error.ts';
import type { Engine } from './engine.ts';

/** Brings the tables up to date. Throws `LabError('usage')` when a newer labd has written this store. */
export async function migrateStore<Schema>(database: Kysely<Schema>, engine: Engine): Promise<void> {
  const migrations = buildMigrations(engine);
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => migrations } });
  await refuseFutureSchema(database, Object.keys(migrations));
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}

async function refuseFutureSchema<Schema>(database: Kysely<Schema>, known: readonly string[]): Promise<void> {
  const tables = await database.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === 'kysely_migration')) return;
  const history = database as unknown as Kysely<{ kysely_migration: { name: string } }>;
  const done = await history.selectFrom('kysely_migration').select('name').orderBy('name').execute();
  const future = done.find(({ name }) => !known.includes(name));
  if (future) {
    throw new LabError('usage', `the store was written by a newer labd (it has the change ${future.name})`, {
      hint: 'start that labd again, or put back the store of before',
    });
  }
}

/** A change that was once released is never edited: add another one. */
function buildMigrations({ identity }: Engine): Record<string, Migration> {
  return {
    '001-claims': {
      // biome-ignore lint/suspicious/noExplicitAny: a migration sees tables as they were, not as the schema has them now
      async up(database: Kysely<any>) {
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
      },
    },
  };
}
