import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from '../../lab/error.ts';
import { run } from '../../system/run.ts';
import { endChild, startChild } from '../child.ts';

/** The virtual switch's frames: access ports and a trunk that tags. */
export interface Frames {
  movePort(port: number, vlan: number): Promise<void>;
  close(): Promise<void>;
}

/** The tap of an access port: what is plugged in opens it. */
export const tapOf = (port: number) => `port${port}`;

const bridge = 'switch';

/**
 * Starts an Open vSwitch of our own with the userspace datapath, which needs no kernel module, with an access port (a tap) for each
 * entry of `pvids`, and the interface `trunk` as its trunk.
 */
export async function startFrames(
  directory: string,
  pvids: ReadonlyMap<number, number>,
  log: (text: string) => void,
): Promise<Frames> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const database = join(directory, 'conf.db');
  const socket = join(directory, 'db.sock');
  const unix = `unix:${socket}`;
  const vsctl = (...args: readonly string[]) => run('ovs-vsctl', [`--db=${unix}`, '--timeout=10', ...args]);
  // Bridges have sockets too, in a folder that no option names.
  const environment = { OVS_RUNDIR: directory };
  const files = (name: string) => [
    `--unixctl=${join(directory, `${name}.ctl`)}`,
    `--pidfile=${join(directory, `${name}.pid`)}`,
    '--verbose=console:warn',
    '--no-chdir',
  ];

  await run('ovsdb-tool', ['create', database, '/usr/share/openvswitch/vswitch.ovsschema']);
  const store = startChild('ovsdb-server', [database, `--remote=p${unix}`, ...files('ovsdb')], log, environment);
  await waitForFile(socket);
  await vsctl('--no-wait', 'init', '--', 'set', 'Open_vSwitch', '.', ...oneThreadEach);
  const daemon = startChild('ovs-vswitchd', [unix, ...files('vswitchd')], log, environment);
  for (const port of pvids.keys()) {
    await run('ip', ['tuntap', 'add', tapOf(port), 'mode', 'tap']);
    await run('ip', ['link', 'set', tapOf(port), 'up']);
  }
  const access = [...pvids].flatMap(([port, vlan]) => ['--', 'add-port', bridge, tapOf(port), `tag=${vlan}`]);
  await vsctl(
    ...['add-br', bridge, '--', 'set', 'bridge', bridge, 'datapath_type=netdev', 'fail_mode=standalone'],
    ...['--', 'add-port', bridge, 'trunk', '--', 'set', 'port', 'trunk', 'vlan_mode=trunk'],
    ...access,
  );
  return {
    async movePort(port, vlan) {
      if (pvids.has(port)) await vsctl('set', 'port', tapOf(port), `tag=${vlan}`);
    },
    async close() {
      await endChild(daemon);
      await endChild(store);
    },
  };
}

const oneThreadEach = ['other_config:n-handler-threads=1', 'other_config:n-revalidator-threads=1'];

async function waitForFile(path: string, timeoutMs = 5000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!existsSync(path)) {
    if (performance.now() > deadline) throw new LabError('timeout', `Open vSwitch does not start: no ${path}`);
    await sleep(5);
  }
}
