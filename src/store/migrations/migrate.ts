import { type Kysely, type Migration, Migrator } from 'kysely';
import { LabError } from '../../lab/error.ts';
import type { Engine } from '../engine.ts';
import { addClaims } from './001-claims.ts';
import { addReservations } from './002-reservations.ts';
import { addFormerHolders } from './003-former-holders.ts';

/**
 * Brings the tables up to date, and keeps a copy of the store as it was before. Throws `LabError('usage')` when a newer labd has
 * written this store.
 */
export async function migrateStore<Schema>(
  database: Kysely<Schema>,
  engine: Engine,
  log: (text: string) => void,
): Promise<void> {
  const migrations = buildMigrations(engine);
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => migrations } });
  const done = await listDone(database);
  const future = done.find(name => !(name in migrations));
  if (future !== undefined) {
    throw new LabError('usage', `the store was written by a newer labd (it has the change ${future})`, {
      hint: 'start that labd again, or put back the store of before',
    });
  }
  const pending = Object.keys(migrations).filter(name => !done.includes(name));
  const last = done.at(-1);
  if (last !== undefined && pending.length > 0) {
    const copy = await engine.keepCopy(last);
    log(`the store is brought from ${last} to ${pending.at(-1)}; as it was, it is kept in ${copy}`);
  }
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}

async function listDone<Schema>(database: Kysely<Schema>): Promise<string[]> {
  const tables = await database.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === 'kysely_migration')) return [];
  const history = database as unknown as Kysely<{ kysely_migration: { name: string } }>;
  const rows = await history.selectFrom('kysely_migration').select('name').orderBy('name').execute();
  return rows.map(({ name }) => name);
}

/** A change that was once released is never edited: add another one. */
function buildMigrations(engine: Engine): Record<string, Migration> {
  return {
    '001-claims': { up: database => addClaims(database, engine) },
    '002-reservations': { up: database => addReservations(database, engine) },
    '003-former-holders': { up: addFormerHolders },
  };
}
