import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type LabClient } from '../../src/api/client.ts';
import type { ClaimedBoard, OperationEvent } from '../../src/api/messages.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { createFakeConsole, type FakeConsole } from '../../src/drivers/console/fake-console.ts';
import { createFakePower, type FakePower } from '../../src/drivers/power/fake-power.ts';
import { createFakeSwitch } from '../../src/drivers/switch/fake-switch.ts';
import { type Daemon, startDaemon } from '../../src/labd/daemon.ts';
import { createJaildClient } from '../../src/labd/jaild-client.ts';
import { openStore } from '../../src/store/open-store.ts';
import { openSqliteEngine } from '../../src/store/sqlite-engine.ts';
import { run } from '../../src/system/run.ts';
import { editLab, labWithBoards } from '../e2e/many-boards.ts';
import { type FakeJaild, startFakeJaild } from './fake-jaild.ts';

/** A whole labd on sockets in a folder of its own; hardware is fake, jaild is a real server with pretended jails. */
export interface LabdUnderTest {
  readonly jaild: FakeJaild;
  /** What happened to boards and jails, in order. */
  readonly journal: string[];
  power(board: string): FakePower;
  line(board: string): FakeConsole;
  client(user: string): LabClient;
  /** Where the sshd of each jail is taken to listen, on loopback. */
  readonly sshd: { port: number };
  readonly hostSocket: string;
  jailSocket(board: string, name: 'labd.sock' | 'console.sock'): string;
  /** What lab.yaml says from the next start or reload on. */
  writeConfig(labYaml: string): void;
  readonly labYaml: string;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startLabd(
  boards: number,
  lease = '4h',
  change: (labYaml: string) => string = text => text,
): Promise<LabdUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), 'labcli-labd-'));
  const at = (name: string) => join(directory, name);
  mkdirSync(at('keys'));
  for (const user of ['alice', 'bob']) {
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(`keys/${user}`)]);
  }
  const labYaml = change(editLab(labWithBoards(boards), [[['classes', 0, 'lease'], lease]]));
  writeFileSync(at('lab.yaml'), labYaml);
  const config = loadConfig(at('lab.yaml'));
  // jaild makes these, so that labd cannot put a link in their place.
  for (const { handle } of config.boards) mkdirSync(at(`jails/${handle}`), { recursive: true });

  const journal: string[] = [];
  const jaild = await startFakeJaild(at('jaild.sock'), entry => journal.push(entry));
  const powers = new Map(config.boards.map(({ handle }) => [handle, createFakePower()]));
  const lines = new Map(config.boards.map(({ handle }) => [handle, createFakeConsole()]));
  const poeSwitch = createFakeSwitch(
    new Map(config.boards.map(({ poePort, vlan }) => [poePort.port, vlan])),
    config.boards.map(({ vlan }) => vlan),
  );
  const find = <T>(devices: ReadonlyMap<string, T>, board: string): T => {
    const device = devices.get(board);
    if (device === undefined) throw new Error(`no board ${board}`);
    return device;
  };

  const sshd = { port: 1 };
  const start = async (): Promise<Daemon> =>
    startDaemon({
      config: loadConfig(at('lab.yaml')),
      reload: async () => loadConfig(at('lab.yaml')),
      store: await openStore(openSqliteEngine(at('lab.db')), () => {}),
      jails: createJaildClient(at('jaild.sock')),
      powerOf({ handle }) {
        const power = find(powers, handle);
        return {
          isOn: power.isOn,
          async on(signal) {
            await power.on(signal);
            journal.push(`power on ${handle}`);
          },
          async off(signal) {
            await power.off(signal);
            journal.push(`power off ${handle}`);
          },
        };
      },
      switchOf: () => poeSwitch,
      consoleOf: ({ handle }) => find(lines, handle),
      sshdOf: () => ({ host: '127.0.0.1', port: sshd.port }),
      hostSocket: at('labd.sock'),
      authorizedKeys: at('authorized_keys'),
      jailSockets: at('jails'),
      log: () => {},
    });
  let daemon = await start();
  return {
    jaild,
    sshd,
    journal,
    power: board => find(powers, board),
    line: board => find(lines, board),
    client: user => createClient({ socketPath: at('labd.sock'), user, startMs: 200, reconnectMs: 2000 }),
    hostSocket: at('labd.sock'),
    jailSocket: (board, name) => at(`jails/${board}/${name}`),
    labYaml,
    writeConfig: text => writeFileSync(at('lab.yaml'), text),
    async restart() {
      await daemon.stop();
      daemon = await start();
    },
    async stop() {
      await daemon.stop();
      await jaild.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Runs an operation to its end, and gives all of its events. */
export async function runToEnd(
  client: LabClient,
  ...operation: Parameters<LabClient['runOperation']>
): Promise<OperationEvent[]> {
  const events: OperationEvent[] = [];
  for await (const event of client.runOperation(...operation)) events.push(event);
  return events;
}

export async function claimBoard(client: LabClient, power = false): Promise<ClaimedBoard> {
  const events = await runToEnd(client, {
    kind: 'claim',
    body: { wants: [{ class: 'rockpro64', labels: [] }], power },
  });
  const last = events.at(-1);
  const claim = last?.event === 'done' ? last.claims[0] : undefined;
  if (!claim) throw new Error(`no claim: ${JSON.stringify(last)}`);
  return claim;
}

export const release = (client: LabClient, board?: string) =>
  runToEnd(client, { kind: 'release', body: board === undefined ? {} : { board } });
