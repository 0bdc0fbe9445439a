import { mkdirSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { TcpNetConnectOpts } from 'node:net';
import { dirname } from 'node:path';
import { userHeader } from '../api/messages.ts';
import type { LabConfig } from '../config/lab-config.ts';
import type { Console } from '../drivers/console/console.ts';
import type { Power } from '../drivers/power/power.ts';
import type { Switch } from '../drivers/switch/switch.ts';
import type { Identity } from '../lab/access.ts';
import type { Board } from '../lab/board.ts';
import type { Claim } from '../lab/claim.ts';
import { LabError } from '../lab/error.ts';
import type { Store } from '../store/store.ts';
import { createAbsentees } from './absentees.ts';
import { writeAuthorizedKeys } from './authorized-keys.ts';
import { createBoardLock } from './board-lock.ts';
import { createBoardPower } from './board-power.ts';
import { createCalls } from './calls/calls.ts';
import { createChanges } from './changes.ts';
import { createConsoles } from './consoles.ts';
import { type Entrance, openHttpDoor } from './door.ts';
import { createHealth } from './health.ts';
import { createHolds } from './holds.ts';
import { createJailDoors } from './jail-doors.ts';
import type { Jails } from './jails.ts';
import { createOperationFeed } from './operation-feed.ts';
import { createOperations } from './operations.ts';
import { createProxies } from './proxies.ts';
import { createRepair } from './repair.ts';
import { createEntrance } from './routes.ts';
import { createSettings } from './settings.ts';
import { summarizeClaim } from './summaries.ts';
import { createTimeKeeper } from './time-keeper.ts';
import { createUpkeep } from './upkeep.ts';
import { createWaitingRoom } from './waiting-room.ts';
import { createWorld } from './world.ts';

export interface Daemon {
  /** Lets go of everything that ends with the process; jails and boards stay as they are. */
  stop(): Promise<void>;
}

/** The host socket serves one account, on behalf of many people at once. */
const mostHostConnections = 1024;
const reloadTimeoutMs = 30_000;

/** Starts labd: takes up what an earlier labd left unfinished, then opens the host's door. */
export async function startDaemon(options: {
  readonly config: LabConfig;
  /** Reads lab.yaml again, and what hangs on it, such as switches. Throws when it is wrong; then nothing has changed. */
  readonly reload: () => Promise<LabConfig>;
  readonly store: Store;
  readonly jails: Jails;
  readonly powerOf: (board: Board) => Power;
  /** `undefined` where the VLAN of a board's port cannot be read. */
  readonly switchOf: (board: Board) => Switch | undefined;
  readonly consoleOf: (board: Board) => Console;
  /** Where the sshd of the board's jail listens. */
  readonly sshdOf: (board: Board) => TcpNetConnectOpts;
  readonly hostSocket: string;
  readonly authorizedKeys: string;
  readonly jailSockets: string;
  readonly log: (text: string) => void;
}): Promise<Daemon> {
  const { store, jails, powerOf, switchOf, consoleOf, sshdOf, hostSocket, authorizedKeys, jailSockets, log } = options;
  const settings = createSettings(options.config);
  const changes = createChanges();
  const classOf = (board: Board) => settings.findClass(board.class);
  const healthOf = (board: Board) => classOf(board)?.health;
  const power = createBoardPower(powerOf, board => classOf(board)?.offTimeMs ?? 1000);
  const consoles = createConsoles(consoleOf, log);
  const proxies = createProxies(sshdOf);
  const lock = createBoardLock();
  const feed = createOperationFeed();
  let entrance: Entrance | undefined;
  const doors = createJailDoors({
    directory: jailSockets,
    entrance() {
      if (!entrance) throw new LabError('bug', 'a jail was opened before labd was ready');
      return entrance;
    },
    attachConsole: consoles.attach,
  });
  const claimOf = async (board: string) => (await store.findBoard(board))?.claim;
  const world = createWorld({
    jails,
    power,
    consoles,
    proxies,
    doors,
    switchOf,
    claimOf,
    setupMsOf: board => classOf(board)?.setup?.timeoutMs ?? 0,
  });
  const describe = async (claim: Claim) =>
    summarizeClaim(claim, await store.findBoard(claim.board), power.lastKnown(claim.board));
  async function boardOf(handle: string): Promise<Board> {
    const record = await store.findBoard(handle);
    if (!record) throw new LabError('bug', `${handle} is not in the store`);
    return record.board;
  }
  const operations = createOperations({
    store,
    world,
    lock,
    feed,
    changes,
    consoles,
    healthOf,
    boardOf,
    describe,
    log,
  });
  const waitingRoom = createWaitingRoom({ store, changes, followOperation: operations.follow, describe });
  const absentees = createAbsentees({ store, operations });
  const health = createHealth({ store, operations, healthOf, log });
  const timeKeeper = createTimeKeeper({
    store,
    operations,
    changes,
    settings: () => settings.current().reservations,
    notify: consoles.notify,
    monotonicMs: () => performance.now(),
    log,
  });

  /** What lab.yaml says now, into the store and to sshd. */
  async function adopt(config: LabConfig): Promise<void> {
    settings.replace(config);
    const classes = config.classes.map(({ name }) => name);
    operations.startAll(await store.syncLab(classes, config.boards));
    writeAuthorizedKeys(authorizedKeys, config.users);
  }

  async function reload(): Promise<void> {
    const config = await options.reload();
    await jails.reload(AbortSignal.timeout(reloadTimeoutMs));
    await adopt(config);
  }

  const renewJail = (claim: Claim) => world.renew(claim);
  const calls = createCalls({
    settings,
    store,
    jails,
    power,
    consoles,
    proxies,
    lock,
    operations,
    waitingRoom,
    absentees,
    holds: createHolds(store, changes),
    health,
    changes,
    describe,
    renewJail,
    reload,
  });
  entrance = await createEntrance({ calls, log });
  const repair = createRepair({
    store,
    world,
    lock,
    hasHealthCheck: board => healthOf(board) !== undefined,
    startAll: operations.startAll,
    log,
  });
  const historyMs = () => settings.current().reservations.historyMs;
  const upkeep = createUpkeep({
    store,
    repair,
    power,
    timeKeeper,
    health,
    waitingRoom,
    absentees,
    renewJail,
    historyMs,
    log,
  });

  mkdirSync(dirname(hostSocket), { recursive: true });
  await doors.removeDead();
  await timeKeeper.begin();
  await absentees.begin();
  await operations.resume();
  await adopt(options.config);
  upkeep.start();
  const mode = 0o660;
  const host = await openHttpDoor(hostSocket, {
    mode,
    mostConnections: mostHostConnections,
    identify: identifyUser,
    entrance,
  });
  return {
    async stop() {
      host.close();
      operations.stop();
      upkeep.stop();
      doors.closeAll();
      consoles.closeAll();
      proxies.closeAll();
      await store.close();
    },
  };
}

/** The socket's file mode says who may speak for users: the account whose forced command names them. */
function identifyUser(request: IncomingMessage): Identity {
  const user = request.headers[userHeader];
  return { door: 'host', user: typeof user === 'string' ? user : '' };
}
