import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { LabConfig } from './config/lab-config.ts';
import { loadConfig } from './config/load-config.ts';
import { loadSecrets } from './config/load-secrets.ts';
import { createSerialConsole } from './drivers/console/serial-console.ts';
import { createSwitchRegistry } from './drivers/switch-registry.ts';
import { exitCodeOf, LabError } from './lab/error.ts';
import { startDaemon } from './labd/daemon.ts';
import { createJaildClient } from './labd/jaild-client.ts';
import { lockStore } from './store/lock-store.ts';
import { openStore } from './store/open-store.ts';
import { openSqliteEngine } from './store/sqlite-engine.ts';
import { paths } from './system/paths.ts';

/** labd [--config FILE] [--secrets FILE], as an unprivileged account of its own. */
const { values } = parseArgs({
  options: {
    config: { type: 'string', default: paths.config },
    secrets: { type: 'string', default: paths.secrets },
  },
});
const log = (text: string) => process.stderr.write(`${new Date().toISOString()} labd: ${text}\n`);

try {
  const config = loadConfig(values.config);
  const openSwitches = (lab: LabConfig) => createSwitchRegistry(lab, loadSecrets(values.secrets, lab.switches));
  let switches = openSwitches(config);
  mkdirSync(paths.labdState, { recursive: true });
  const storePath = join(paths.labdState, 'lab.db');
  // One that is being stopped is given a moment.
  const lock = lockStore(storePath, 3000);
  const daemon = await startDaemon({
    config,
    async reload() {
      const next = loadConfig(values.config);
      const before = switches;
      switches = openSwitches(next);
      // What is under way on the old ones ends with an error, and is told to whoever asked.
      before.close();
      return next;
    },
    store: await openStore(openSqliteEngine(storePath), log),
    jails: createJaildClient(paths.jaildSocket),
    powerOf: board => switches.powerOf(board),
    switchOf: board => switches.switchOf(board),
    consoleOf: board => createSerialConsole(board.serial),
    sshdOf: board => ({ host: board.network.jailAddress, port: 22 }),
    hostSocket: paths.hostSocket,
    authorizedKeys: paths.authorizedKeys,
    jailSockets: paths.jailSockets,
    log,
  });
  log('ready');
  const stop = async () => {
    await daemon.stop();
    lock.unlock();
    process.exit(0);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
} catch (error) {
  if (!(error instanceof LabError)) throw error;
  log(`${error.message}${error.hint ? ` (${error.hint})` : ''}`);
  process.exit(exitCodeOf(error.code));
}
