import Database from 'better-sqlite3';
import type { LabConfig } from '../../src/config/lab-config.ts';
import type { Board } from '../../src/lab/board.ts';
import { openStore } from '../../src/store/open-store.ts';
import { openSqliteEngine } from '../../src/store/sqlite-engine.ts';

/** A lab of 10,000 boards, of which 1,000 are held, and 1,000,000 events behind it. */
const heldCount = 1000;
const boardCount = 10_000;
const eventCount = 1_000_000;

function makeBoard(index: number): Board {
  const held = index < heldCount;
  return {
    handle: `${held ? 'busy' : 'free'}-${index}`,
    class: held ? 'busy' : 'free',
    architecture: 'arm64',
    labels: [],
    mac: '52:54:00:00:00:01',
    vlan: 2,
    poePort: { switch: 'poe1', port: index + 1 },
    serial: { path: `/dev/ttyS${index}`, baudRate: 115_200 },
    network: {
      jailAddress: '10.77.0.2',
      gateway: '10.96.2.1',
      subnet: '10.96.2.0',
      prefixLength: 24,
      boardAddress: '10.96.2.100',
    },
    uidBase: 1,
  };
}

const limits = { memoryBytes: 1, processes: 1, cpus: 1, ioBytesPerSecond: 1 };
const boardClass = {
  description: '',
  architecture: 'arm64',
  leaseMs: 14_400_000,
  maxLeaseMs: 604_800_000,
  yieldsToWaiters: false,
  offTimeMs: 1,
  nestedNamespaces: false,
  limits,
} as const;
export const largeLab = {
  name: 'large',
  users: Array.from({ length: heldCount }, (_, index) => ({ name: `user${index}`, keys: [], quota: {} })),
  roles: [],
  classes: [
    { ...boardClass, name: 'busy' },
    { ...boardClass, name: 'free' },
  ],
  switches: [],
  boards: Array.from({ length: boardCount }, (_, index) => makeBoard(index)),
  reservations: { holdGraceMs: 60_000, warnMs: 600_000, outageGraceMs: 300_000, historyMs: 1e12 },
} as unknown as LabConfig;

/** Writes the store of such a lab. */
export async function prepareStore(path: string): Promise<void> {
  const store = await openStore(openSqliteEngine(path), () => {});
  await store.syncLab(['busy', 'free'], largeLab.boards);
  const ask = { leaseMs: 14_400_000, power: 'off', priority: 0, keys: [], limits: {} } as const;
  const wants = [{ class: 'busy', labels: [] }];
  for (let index = 0; index < heldCount; index++) {
    const { granted } = await store.ask({ ...ask, user: `user${index}`, wants, waits: false });
    for (const { id } of granted) await store.finishOperation(id, { state: 'done' });
  }
  await store.close();
  const database = new Database(path);
  const columns = 'seq, at, kind, board, user_name, actor, epoch, cause, detail';
  const insert = database.prepare(
    `insert into event (${columns}) values (0, ${Date.now()}, 'power-switched', ?, ?, ?, 1, null, '{}')`,
  );
  database.transaction(() => {
    for (let index = 0; index < eventCount; index++) {
      const user = `user${index % heldCount}`;
      insert.run(`free-${heldCount + (index % (boardCount - heldCount))}`, user, user);
    }
  })();
  database.close();
}
