import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { PoeProfile, PoeSwitch, Secrets } from '../../src/config/lab-config.ts';
import { createMib } from '../../src/vlab/agent/mib.ts';
import type { Instance, OidTree } from '../../src/vlab/agent/oid-tree.ts';
import { type Identity, type SnmpAgent, startSnmpAgent } from '../../src/vlab/agent/snmp-agent.ts';
import { createSwitchModel, type PoweredDevice, type SwitchModel } from '../../src/vlab/switch-model.ts';

/** The virtual switch's SNMP agent on the loopback, without frames and without boards that take long to start. */
export interface SwitchBench {
  readonly model: SwitchModel;
  readonly poeSwitch: PoeSwitch;
  readonly secrets: Secrets;
  readonly udpPort: number;
  /** Each move of a port to a VLAN, as `port:vlan`. */
  readonly moves: readonly string[];
  /** Makes the agent answer another tree; undefined: its own again. */
  answerWith(change: ((tree: OidTree) => OidTree) | undefined): void;
  /** The switch hangs: its port takes requests and nothing comes back. `restart` ends it. */
  hang(): Promise<void>;
  restart(): Promise<void>;
  close(): void;
}

export const credentials = {
  user: 'labcli',
  authPassword: 'correct-horse-battery',
  privPassword: 'staple-of-the-horse',
  community: 'only-for-reading-and-writing',
  readOnlyCommunity: 'look-but-do-not-touch',
} as const;

const ports = 4;
const rfc3621: PoeProfile = {
  adminOid: '1.3.6.1.2.1.105.1.1.1.3.{group}.{port}',
  group: 1,
  onValue: 1,
  offValue: 2,
  settleMs: 150,
};

export async function startSwitchBench(version: '2c' | '3', device?: PoweredDevice): Promise<SwitchBench> {
  const udpPort = await findFreePort();
  const moves: string[] = [];
  const board: PoweredDevice = device ?? { powerOn() {}, powerOff() {} };
  const model = createSwitchModel({
    ports,
    pvids: new Map([
      [1, 101],
      [2, 102],
    ]),
    devices: new Map([[1, board]]),
    async movePort(port, vlan) {
      moves.push(`${port}:${vlan}`);
    },
  });
  const { user, authPassword, privPassword, community, readOnlyCommunity } = credentials;
  const identities: Identity[] =
    version === '3'
      ? [{ user, authPassword, privPassword, mayWrite: true }]
      : [
          { community, mayWrite: true },
          { community: readOnlyCommunity, mayWrite: false },
        ];
  let change: ((tree: OidTree) => OidTree) | undefined;
  const tree = () => {
    const own = createMib(model, () => 12_340);
    return change ? change(own) : own;
  };
  const start = () => startSnmpAgent({ address: '127.0.0.1', udpPort, identities, tree, log: () => {} });
  let agent: SnmpAgent | undefined = await start();
  let mute: Socket | undefined;

  return {
    model,
    udpPort,
    moves,
    poeSwitch: {
      name: 'poe1',
      host: '127.0.0.1',
      udpPort,
      snmp: version === '3' ? { version, user, secret: 'poe1' } : { version, secret: 'poe1' },
      poe: rfc3621,
      checkVlan: true,
    },
    secrets: new Map([['poe1', version === '3' ? { authPassword, privPassword } : { community }]]),
    answerWith(next) {
      change = next;
    },
    async hang() {
      agent?.close();
      agent = undefined;
      mute = createSocket('udp4').bind(udpPort, '127.0.0.1');
      await once(mute, 'listening');
    },
    async restart() {
      agent?.close();
      mute?.close();
      mute = undefined;
      agent = await start();
    },
    close() {
      agent?.close();
      mute?.close();
    },
  };
}

/** The same tree with some instances changed. */
export function changeInstances(tree: OidTree, change: (instance: Instance) => Instance): OidTree {
  const changed = (instance: Instance | undefined) => instance && change(instance);
  return {
    find: oid => changed(tree.find(oid)),
    findNext: oid => changed(tree.findNext(oid)),
    findWrite: (oid, request) => changed(tree.find(oid))?.write ?? tree.findWrite(oid, request),
  };
}

async function findFreePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}
