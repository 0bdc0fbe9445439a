import { Kysely, sql } from 'kysely';
import { allocate } from './allocate.ts';
import { findBoard, liftQuarantine, listBoards, syncLab } from './boards.ts';
import { isLive, listExpired } from './claims.ts';
import type { Engine } from './engine.ts';
import { migrateStore } from './migrations.ts';
import {
  beginOperation,
  findOperation,
  finishOperation,
  listUnfinishedOperations,
  markUndoing,
  recordStep,
} from './operations.ts';
import type { StoreSchema } from './schema.ts';
import type { Store } from './store.ts';

/** Opens the store, and brings its tables up to date (see `migrateStore` for what it refuses). */
export async function openStore(engine: Engine): Promise<Store> {
  const database = new Kysely<StoreSchema>({ dialect: engine.dialect });
  try {
    await migrateStore(database, engine);
  } catch (error) {
    await database.destroy();
    throw error;
  }
  const { now } = engine;
  return {
    async nowMs() {
      const { rows } = await sql<{ now: number }>`select ${now()} as now`.execute(database);
      return Number(rows[0]?.now);
    },
    syncLab: (classes, boards) => syncLab(database, classes, boards),
    listBoards: () => listBoards(database),
    findBoard: handle => findBoard(database, handle),
    allocate: wish => database.transaction().execute(transaction => allocate(transaction, now, wish)),
    beginOperation: begin => database.transaction().execute(transaction => beginOperation(transaction, now, begin)),
    recordStep: (id, step, attempt) => recordStep(database, now, id, step, attempt),
    markUndoing: (id, error) => markUndoing(database, now, id, error),
    finishOperation: (id, result) =>
      database.transaction().execute(transaction => finishOperation(transaction, now, id, result)),
    findOperation: id => findOperation(database, id),
    listUnfinishedOperations: () => listUnfinishedOperations(database),
    isLive: (board, epoch) => isLive(database, now, board, epoch),
    listExpired: () => listExpired(database, now),
    liftQuarantine: board => liftQuarantine(database, board),
    close: () => database.destroy(),
  };
}
