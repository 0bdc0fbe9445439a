import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Board } from '../lab/board.ts';
import type { Claim } from '../lab/claim.ts';
import { replayEvent, startReplay } from '../lab/replay.ts';
import type { Engine } from './engine.ts';
import { openStore } from './open-store.ts';
import { openSqliteEngine } from './sqlite-engine.ts';
import type { Asked, BarChange, EndReason, Granted, Store, Wish } from './store.ts';

export interface Clock {
  nowMs: number;
}

/** What every contract is for. Each opens the same store again and again, with the test's clock. */
const engines: Readonly<Record<string, (directory: string, clock: Clock) => Engine>> = {
  sqlite: (directory, clock) =>
    openSqliteEngine(join(directory, 'store.db'), () => sql<number>`${sql.lit(clock.nowMs)}`),
};

export interface StoreUnderTest {
  readonly clock: Clock;
  readonly directory: string;
  readonly store: Store;
  /** What was logged since the test began. */
  readonly logged: string[];
  openEngine(): Engine;
  reopen(): Promise<void>;
  ask(wish?: Partial<Wish>): Promise<Asked>;
  /** A claim of one board, built. */
  claim(wish?: Partial<Wish>): Promise<Claim>;
  /** Gives what others were granted. */
  release(claim: Pick<Claim, 'board' | 'epoch'>, endReason?: EndReason): Promise<Granted>;
  bar(change: Pick<BarChange, 'board'> & Partial<BarChange>): Promise<void>;
  /** What the events tell, all of them. */
  replay(): Promise<unknown>;
}

/** A contract: the tests of one subject, each with a store of its own that has these boards. */
export function describeStore(subject: string, boards: readonly Board[], body: (lab: StoreUnderTest) => void): void {
  describe.each(Object.entries(engines))(`${subject} on %s`, (_name, openEngine) => {
    let directory: string;
    let store: Store;
    const clock = { nowMs: 0 };
    const logged: string[] = [];
    const lab: StoreUnderTest = {
      clock,
      logged,
      get directory() {
        return directory;
      },
      get store() {
        return store;
      },
      openEngine: () => openEngine(directory, clock),
      async reopen() {
        await store.close();
        store = await openStore(openEngine(directory, clock), text => logged.push(text));
      },
      ask: wish => store.ask({ ...defaultWish, ...wish }),
      async claim(wish) {
        const { granted } = await lab.ask(wish);
        const [operation] = granted;
        if (!operation || granted.length > 1) throw new Error(`${granted.length} boards were granted`);
        await store.finishOperation(operation.id, { state: 'done' });
        return operation.claim;
      },
      async release({ board, epoch }, endReason = 'released') {
        const { id } = await store.beginOperation({ kind: 'release', board, epoch, actor: 'alice' });
        return store.finishOperation(id, { state: 'done', endReason, liftBars: ['dirty'] });
      },
      bar: change => store.setBar({ kind: 'offline', reason: 'being moved', actor: 'root', ...change }),
      async replay() {
        const events = await store.listEvents({ afterId: 0, limit: 10_000 });
        return events.reduce(replayEvent, startReplay());
      },
    };

    beforeEach(async () => {
      directory = mkdtempSync(join(tmpdir(), 'labcli-store-'));
      clock.nowMs = 1_000_000;
      logged.length = 0;
      store = await openStore(openEngine(directory, clock), text => logged.push(text));
      await store.syncLab([...new Set(boards.map(board => board.class))], boards);
    });
    afterEach(async () => {
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    });

    body(lab);
  });
}

const defaultWish: Wish = {
  wants: [{ class: 'rock', labels: [] }],
  user: 'alice',
  leaseMs: 1000,
  power: 'off',
  priority: 0,
  waits: false,
  keys: [],
  limits: {},
};

export function rocks(count: number): { readonly wants: Wish['wants'] } {
  return { wants: Array.from({ length: count }, () => ({ class: 'rock', labels: [] })) };
}

/** The handles, in the order in which they were granted. */
export function boardsOf(granted: Granted): string[] {
  return granted.map(({ claim }) => claim.board);
}

export function makeBoard(number: number, className = 'rock', labels: readonly string[] = []): Board {
  return {
    handle: `${className}-${number}`,
    class: className,
    architecture: 'arm64',
    labels,
    mac: `52:54:00:00:00:0${number}`,
    vlan: 100 + number,
    poePort: { switch: 'poe1', port: number },
    serial: { path: `/dev/ttyS${number}`, baudRate: 115_200 },
    network: {
      jailAddress: `10.77.0.${number}`,
      gateway: `10.96.${number}.1`,
      subnet: `10.96.${number}.0`,
      prefixLength: 24,
      boardAddress: `10.96.${number}.100`,
    },
    uidBase: number * 65_536,
  };
}
