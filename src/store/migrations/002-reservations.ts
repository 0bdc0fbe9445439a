import { type Kysely, sql } from 'kysely';
import type { Engine } from '../engine.ts';

/** The queue, leases that change, bars instead of one quarantine, and the log of events. */
// biome-ignore lint/suspicious/noExplicitAny: a migration sees tables as they were, not as the schema has them now
export async function addReservations(database: Kysely<any>, { identity, now }: Engine): Promise<void> {
  const { schema } = database;
  await schema
    .createTable('lab')
    .addColumn('id', 'integer', column => column.primaryKey())
    .addColumn('seq', 'bigint', column => column.notNull())
    .addColumn('alive_at', 'bigint', column => column.notNull())
    .execute();
  await database.insertInto('lab').values({ id: 1, seq: 0, alive_at: now() }).execute();
  await schema.alterTable('class').dropColumn('seq').execute();

  await schema
    .createTable('bar')
    .addColumn('board', 'text', column => column.notNull().references('board.handle'))
    .addColumn('kind', 'text', column => column.notNull())
    .addColumn('reason', 'text', column => column.notNull())
    .addColumn('actor', 'text', column => column.notNull())
    .addColumn('since', 'bigint', column => column.notNull())
    .addColumn('starts_at', 'bigint')
    .addColumn('ends_at', 'bigint')
    .addPrimaryKeyConstraint('bar_key', ['board', 'kind'])
    .execute();
  await sql`
    insert into bar (board, kind, reason, actor, since)
    select handle, 'dirty', quarantine, 'system', ${now()} from board where quarantine is not null
  `.execute(database);
  await schema.alterTable('board').dropColumn('quarantine').execute();
  await schema.alterTable('board').addColumn('next_definition', 'text').execute();
  for (const name of ['last_checked_at', 'claims_since_check']) {
    await schema
      .alterTable('board')
      .addColumn(name, 'bigint', column => column.notNull().defaultTo(0))
      .execute();
  }
  await schema
    .createIndex('board_free')
    .on('board')
    .columns(['class', 'claim_id', 'last_released_at', 'handle'])
    .execute();
  await schema
    .createTable('board_label')
    .addColumn('board', 'text', column => column.notNull().references('board.handle'))
    .addColumn('label', 'text', column => column.notNull())
    .addPrimaryKeyConstraint('board_label_key', ['board', 'label'])
    .execute();

  await schema
    .createTable('request')
    .addColumn('id', identity.type, identity.build)
    .addColumn('user_name', 'text', column => column.notNull())
    .addColumn('wants', 'text', column => column.notNull())
    .addColumn('board_count', 'integer', column => column.notNull())
    .addColumn('priority', 'integer', column => column.notNull())
    .addColumn('seq', 'bigint', column => column.notNull().unique())
    .addColumn('lease_ms', 'bigint', column => column.notNull())
    .addColumn('power', 'text', column => column.notNull())
    .addColumn('grace_ms', 'bigint')
    .addColumn('keys', 'text', column => column.notNull())
    .addColumn('created_at', 'bigint', column => column.notNull())
    .addColumn('deadline_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addColumn('end_reason', 'text')
    .execute();
  await schema
    .createIndex('request_waiting')
    .on('request')
    .columns(['priority', 'seq'])
    .where(sql.ref('ended_at'), 'is', null)
    .execute();

  for (const [name, type] of [
    ['grace_ms', 'bigint'],
    ['away_until', 'bigint'],
  ] as const) {
    await schema.alterTable('claim').addColumn(name, type).execute();
  }
  await schema
    .alterTable('claim')
    .addColumn('request_id', 'bigint', column => column.notNull().defaultTo(0))
    .execute();
  for (const name of ['shared_with', 'keys']) {
    await schema
      .alterTable('claim')
      .addColumn(name, 'text', column => column.notNull().defaultTo('[]'))
      .execute();
  }
  await schema
    .createIndex('claim_ending')
    .on('claim')
    .column('expires_at')
    .where(sql.ref('ended_at'), 'is', null)
    .execute();
  await schema.createIndex('claim_of_user').on('claim').columns(['user_name', 'created_at']).execute();
  await schema.createIndex('claim_of_request').on('claim').column('request_id').execute();
  await schema.alterTable('operation').addColumn('cause', 'text').execute();
  await schema.createIndex('operation_of_claim').on('operation').column('claim_id').execute();

  await schema
    .createTable('event')
    .addColumn('id', identity.type, identity.build)
    .addColumn('at', 'bigint', column => column.notNull())
    .addColumn('seq', 'bigint', column => column.notNull())
    .addColumn('kind', 'text', column => column.notNull())
    .addColumn('board', 'text')
    .addColumn('user_name', 'text')
    .addColumn('actor', 'text', column => column.notNull())
    .addColumn('epoch', 'bigint')
    .addColumn('cause', 'text')
    .addColumn('detail', 'text', column => column.notNull())
    .execute();
  await schema.createIndex('event_of_board').on('event').columns(['board', 'id']).execute();
  await schema.createIndex('event_of_user').on('event').columns(['user_name', 'id']).execute();
  await schema.createIndex('event_at').on('event').column('at').execute();
  await tellWhatIsThere(database, now);
}

/** Boards had no labels. Events are to tell of the lab from its beginning: the first one tells what it was like by now. */
// biome-ignore lint/suspicious/noExplicitAny: as above
async function tellWhatIsThere(database: Kysely<any>, now: Engine['now']): Promise<void> {
  const rows = await database
    .selectFrom('board')
    .leftJoin('claim', 'claim.id', 'board.claim_id')
    .leftJoin('bar', 'bar.board', 'board.handle')
    .select(['board.handle', 'board.class', 'board.definition', 'board.is_listed', 'board.epoch'])
    .select(['claim.user_name', 'claim.epoch as claim_epoch', 'claim.expires_at', 'bar.reason'])
    .execute();
  if (rows.length === 0) return;
  const boards: Record<string, unknown> = {};
  for (const row of rows) {
    const definition = JSON.stringify({ labels: [], ...JSON.parse(row.definition) });
    await database.updateTable('board').set({ definition }).where('handle', '=', row.handle).execute();
    boards[row.handle] = {
      isListed: row.is_listed === 1,
      class: row.class,
      labels: [],
      epoch: row.epoch,
      bars: row.reason === null ? {} : { dirty: row.reason },
      ...(row.user_name === null
        ? {}
        : { claim: { user: row.user_name, epoch: row.claim_epoch, expiresAtMs: row.expires_at, sharedWith: [] } }),
    };
  }
  const detail = JSON.stringify({ state: { boards, queue: {} } });
  await database
    .insertInto('event')
    .values({ at: now(), seq: 0, kind: 'snapshot', actor: 'system', cause: 'the log of events begins', detail })
    .execute();
}
