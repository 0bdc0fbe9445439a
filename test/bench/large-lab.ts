import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { createClient } from '../../src/api/client.ts';
import type { LabConfig } from '../../src/config/lab-config.ts';
import { createFakeConsole } from '../../src/drivers/console/fake-console.ts';
import { createFakePower } from '../../src/drivers/power/fake-power.ts';
import type { Board } from '../../src/lab/board.ts';
import { startDaemon } from '../../src/labd/daemon.ts';
import { createJaildClient } from '../../src/labd/jaild-client.ts';
import { openStore } from '../../src/store/open-store.ts';
import { openSqliteEngine } from '../../src/store/sqlite-engine.ts';
import { startFakeJaild } from '../integration/fake-jaild.ts';
import { quantile, timeMs } from './figures.ts';

/**
 * A labd with 10,000 boards, of which 1,000 are held, 1,000 who wait for those, and 1,000,000 events behind it. Prints what it
 * measured as JSON; a process of its own, for its memory is one of the figures.
 */
const boardCount = 10_000;
const heldCount = 1000;
const waiterCount = 1000;
const eventCount = 1_000_000;

/** The store is prepared by a process before, whose memory does not count. */
const prepared = process.argv[2];
const directory = prepared ?? mkdtempSync(join(tmpdir(), 'labcli-large-'));
const at = (name: string) => join(directory, name);

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
const config = {
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

async function prepareStore(): Promise<void> {
  const store = await openStore(openSqliteEngine(at('lab.db')), () => {});
  await store.syncLab(['busy', 'free'], config.boards);
  const ask = { leaseMs: 14_400_000, power: 'off', priority: 0, keys: [], limits: {} } as const;
  const wants = [{ class: 'busy', labels: [] }];
  for (let index = 0; index < heldCount; index++) {
    const { granted } = await store.ask({ ...ask, user: `user${index}`, wants, waits: false });
    for (const { id } of granted) await store.finishOperation(id, { state: 'done' });
  }
  for (let index = 0; index < waiterCount; index++) {
    await store.ask({ ...ask, user: `user${index}`, wants, waits: true });
  }
  await store.close();
  const database = new Database(at('lab.db'));
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

if (prepared !== undefined) {
  await prepareStore();
  process.exit();
}

try {
  execFileSync(process.execPath, [import.meta.filename, directory], { timeout: 120_000 });
  for (const { handle } of config.boards) mkdirSync(at(`jails/${handle}`), { recursive: true });
  const jaild = await startFakeJaild(at('jaild.sock'), () => {});
  const daemon = await startDaemon({
    config,
    reload: async () => config,
    store: await openStore(openSqliteEngine(at('lab.db')), () => {}),
    jails: createJaildClient(at('jaild.sock')),
    powerOf: () => createFakePower(),
    switchOf: () => undefined,
    sshdOf: () => ({ host: '127.0.0.1', port: 9 }),
    consoleOf: () => createFakeConsole(),
    hostSocket: at('labd.sock'),
    authorizedKeys: at('authorized_keys'),
    jailSockets: at('jails'),
    log: () => {},
  });
  const clientOf = (user: string) => createClient({ socketPath: at('labd.sock'), user });
  const client = clientOf('user1');
  /** Until the first event that tells what becomes of it; the rest goes on. */
  const ask = async (user: string, name: string, wait: boolean) => {
    const body = { wants: [{ class: name, labels: [] }], wait };
    const stream = clientOf(user).runOperation({ kind: 'claim', body });
    const wanted = wait ? 'waiting' : 'operation';
    try {
      for await (const { event } of stream) if (event === wanted) break;
    } catch {
      // Busy is an answer, too.
    }
  };
  const repeat = async (rounds: number, action: (round: number) => Promise<unknown>) => {
    const ms: number[] = [];
    for (let round = 0; round < rounds; round++) ms.push(await timeMs(() => action(round)));
    return quantile(ms, 0.5);
  };
  const measured = {
    statusMs: await repeat(20, () => client.listBoards({ isMine: true })),
    claimMs: await repeat(20, round => ask(`user${round}`, 'free', false)),
    busyMs: await repeat(20, round => ask(`user${round}`, 'busy', false)),
    waitMs: await repeat(10, round => ask(`user${round}`, 'busy', true)),
    allMs: await repeat(5, () => client.listBoards({ isMine: false })),
    eventsMs: await repeat(20, () => client.call('GET /v1/history', { board: 'busy-1' })),
    residentBytes: process.memoryUsage().rss,
  };
  process.stdout.write(`${JSON.stringify(measured)}\n`);
  await daemon.stop();
  await jaild.close();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.exit();
