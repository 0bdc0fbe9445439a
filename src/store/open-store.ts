import { Kysely } from 'kysely';
import { liftBar, liftEndedBars, setBar } from './bars.ts';
import { countByClass, findBoard, listBoards, listHandles } from './boards.ts';
import { beginCheck } from './checks.ts';
import { isLive, listClaimsOf, listEnding, listOrphans } from './claims.ts';
import { barConflicts, liftConflicts } from './conflicts.ts';
import { createDefinitionReader } from './definitions.ts';
import type { Engine } from './engine.ts';
import { listHolders } from './explain-busy.ts';
import { grantWaiters } from './grant-waiters.ts';
import { dropHistory, listEvents, listHistory, listUsage, readLab } from './history.ts';
import { extend, markAllAway, markAway, markBack, shiftLeases, spareLeases } from './leases.ts';
import { migrateStore } from './migrations/migrate.ts';
import { findOperation, listClaimOperations, listUnfinishedOperations } from './operation-rows.ts';
import { beginOperation, finishOperation, markUndoing, recordStep } from './operations.ts';
import { ask, endImpossible, endRequest, findRequest, listQueue, listWaiting, mustSettle, settle } from './requests.ts';
import type { StoreSchema } from './schema.ts';
import { share, transfer, unshare } from './sharing.ts';
import type { Store } from './store.ts';
import { syncLab } from './sync-lab.ts';
import { createWrite, readNow } from './write.ts';

/** Opens the store, and brings its tables up to date (see `migrateStore` for what it refuses, and keeps a copy of). */
export async function openStore(engine: Engine, log: (text: string) => void): Promise<Store> {
  const database = new Kysely<StoreSchema>({ dialect: engine.dialect });
  try {
    await migrateStore(database, engine, log);
  } catch (error) {
    await database.destroy();
    throw error;
  }
  const readDefinition = createDefinitionReader();
  const write = createWrite(database, engine);
  const now = () => readNow(database, engine);
  return {
    nowMs: now,
    syncLab: (classes, boards) =>
      write(async writing => {
        await syncLab(writing, classes, boards);
        await barConflicts(writing);
        await endImpossible(writing);
        return grantWaiters(writing);
      }),
    listBoards: async (filter = {}) => listBoards(database, await now(), filter, readDefinition),
    findBoard: async handle => findBoard(database, await now(), handle, readDefinition),
    listHandles: () => listHandles(database),
    countByClass: async () => countByClass(database, await now()),

    ask: wish => write(writing => ask(writing, wish)),
    endRequest: (id, reason, actor) => write(writing => endRequest(writing, id, reason, actor)),
    listQueue: () => listQueue(database),
    listWaiting: () => listWaiting(database),
    findRequest: id => findRequest(database, id),
    listHolders: (wants, limit) => listHolders(database, wants, limit),
    settle: async () => {
      // Nothing waits and nothing has ended: most of the time, and then nothing is written.
      if (!(await mustSettle(database, await now()))) return { isChanged: false, granted: [] };
      return write(async writing => {
        const isAnyLifted = await liftEndedBars(writing);
        const { isAnyLate, granted } = await settle(writing);
        return { isChanged: isAnyLifted || isAnyLate || granted.length > 0, granted };
      });
    },

    beginOperation: begin => write(writing => beginOperation(writing, begin)),
    beginCheck: begin => write(writing => beginCheck(writing, begin)),
    recordStep: async (id, step, attempt) => recordStep(database, await now(), id, step, attempt),
    markUndoing: async (id, error) => markUndoing(database, await now(), id, error),
    finishOperation: (id, result) => write(writing => finishOperation(writing, id, result)),
    findOperation: id => findOperation(database, id),
    listUnfinishedOperations: () => listUnfinishedOperations(database),
    listClaimOperations: requestId => listClaimOperations(database, requestId),

    isLive: async (board, epoch) => isLive(database, await now(), board, epoch),
    listExpired: async () => listEnding(database, await now()),
    listEndingBefore: momentMs => listEnding(database, momentMs),
    listOrphans: () => listOrphans(database),
    listClaimsOf: user => listClaimsOf(database, user),
    extend: extension => write(writing => extend(writing, extension)),
    markAway: (board, epoch) => write(writing => markAway(writing, board, epoch)),
    markBack: (board, epoch) => write(writing => markBack(writing, board, epoch)),
    markAllAway: () => write(writing => markAllAway(writing)),
    shiftLeases: byMs => write(writing => shiftLeases(writing, byMs)),
    spareLeases: graceMs => write(writing => spareLeases(writing, graceMs)),
    share: handover => write(writing => share(writing, handover)),
    unshare: handover => write(writing => unshare(writing, handover)),
    transfer: handover => write(writing => transfer(writing, handover)),

    setBar: change => write(writing => setBar(writing, change)),
    liftBar: (board, kind, actor) =>
      write(async writing => {
        const isLifted = await liftBar(writing, board, kind, actor);
        if (kind === 'dirty') await liftConflicts(writing);
        return { isLifted, granted: await grantWaiters(writing) };
      }),

    recordEvent: event => write(writing => writing.record(event)),
    listEvents: filter => listEvents(database, filter),
    listHistory: filter => listHistory(database, filter),
    listUsage: async sinceMs => listUsage(database, await now(), sinceMs),
    readLab: () => readLab(database),
    dropHistory: beforeMs => write(writing => dropHistory(writing, beforeMs)),

    async markAlive() {
      const before = await database.selectFrom('lab').select('alive_at').executeTakeFirstOrThrow();
      await database
        .updateTable('lab')
        .set({ alive_at: await now() })
        .execute();
      return before.alive_at;
    },
    close: () => database.destroy(),
  };
}
