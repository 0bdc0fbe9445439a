import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createFakeConsole } from '../../src/drivers/console/fake-console.ts';
import { createFakePower } from '../../src/drivers/power/fake-power.ts';
import { startDaemon } from '../../src/labd/daemon.ts';
import { createJaildClient } from '../../src/labd/jaild-client.ts';
import { openStore } from '../../src/store/open-store.ts';
import { openSqliteEngine } from '../../src/store/sqlite-engine.ts';
import { largeLab, prepareStore } from './large-lab-store.ts';

/**
 * large-lab-daemon.ts DIR prepare: writes the store of a large lab. large-lab-daemon.ts DIR: labd on it, a process of its own, with
 * devices that take no time and the jaild on DIR/jaild.sock.
 */
const [directory = '', task] = process.argv.slice(2);
const at = (name: string) => join(directory, name);

if (task === 'prepare') {
  await prepareStore(at('lab.db'));
} else {
  for (const { handle } of largeLab.boards) mkdirSync(at(`jails/${handle}`), { recursive: true });
  const power = createFakePower();
  await startDaemon({
    config: largeLab,
    reload: async () => largeLab,
    store: await openStore(openSqliteEngine(at('lab.db')), () => {}),
    jails: createJaildClient(at('jaild.sock')),
    powerOf: () => power,
    switchOf: () => undefined,
    sshdOf: () => ({ host: '127.0.0.1', port: 9 }),
    consoleOf: () => createFakeConsole(),
    hostSocket: at('labd.sock'),
    authorizedKeys: at('authorized_keys'),
    jailSockets: at('jails'),
    log: () => {},
  });
}
