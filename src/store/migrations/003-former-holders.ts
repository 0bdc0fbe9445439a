import { type Kysely, sql } from 'kysely';

/** A claim that was given away tells who had it before, and until when. */
// biome-ignore lint/suspicious/noExplicitAny: a migration must not follow later changes of the schema's type
export async function addFormerHolders(database: Kysely<any>): Promise<void> {
  await database.schema
    .alterTable('claim')
    .addColumn('former', 'text', column => column.notNull().defaultTo('[]'))
    .execute();
  // Few are given away: these are found without a look at all the others.
  await database.schema
    .createIndex('claim_given_away')
    .on('claim')
    .column('id')
    .where(sql.ref('former'), '<>', sql.lit('[]'))
    .execute();
  const rows = await database
    .selectFrom('event')
    .innerJoin('claim', join => join.onRef('claim.board', '=', 'event.board').onRef('claim.epoch', '=', 'event.epoch'))
    .select(['claim.id', 'event.at', 'event.detail'])
    .where('event.kind', '=', 'claim-transferred')
    .orderBy('event.id')
    .execute();
  const former = Map.groupBy(rows, ({ id }) => id as number);
  for (const [id, transfers] of former) {
    const list = transfers.map(({ at, detail }) => ({ user: JSON.parse(detail).from, toMs: at }));
    await database
      .updateTable('claim')
      .set({ former: JSON.stringify(list) })
      .where('id', '=', id)
      .execute();
  }
}
