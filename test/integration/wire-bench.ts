import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Trunk } from '../../src/config/lab-config.ts';
import { exampleSpec } from '../../src/jaild/example-spec.ts';
import { configureLinks, interfaceExists } from '../../src/jaild/interfaces.ts';
import { type JailLayout, type JailSpec, layOutJail, wireInterface } from '../../src/jaild/jail-layout.ts';
import { unmount } from '../../src/jaild/mounts.ts';
import type { Part } from '../../src/jaild/part.ts';
import { createBoardWire } from '../../src/jaild/parts/board-wire.ts';
import { callOpenVswitch } from '../../src/jaild/parts/openvswitch-wire.ts';
import { pinNamespaces } from '../../src/jaild/pin-namespaces.ts';
import { run } from '../../src/system/run.ts';
import { type CableEnd, createCableEnd } from './cable-end.ts';
import type { Station } from './ethernet-frame.ts';

/** A wire, the jail's namespaces that it ends in, and the board that is meant to be at its other end. */
export interface BenchWire extends Part {
  readonly vlan: number;
  readonly interface: string;
  readonly layout: JailLayout;
  readonly jailEnd: CableEnd;
  readonly board: Station;
  readonly gateway: string;
  make(): Promise<void>;
  /** Runs a program as root of the jail, who has all capabilities there; the exit code, and what it wrote. */
  asJailRoot(...command: readonly string[]): Promise<{ readonly code: number; readonly output: string }>;
}

/** Somebody else's things, which are in the way of the first wire. */
export interface Stranger {
  readonly interface: string;
  make(): Promise<unknown>;
  remove(): Promise<unknown>;
}

/** A lab host of its own: the program may do to it what it likes. */
export interface WireBench {
  /** The far end of the trunk, where the PoE switch would be. */
  readonly cable: CableEnd;
  readonly trunkInterface: 'trunk0';
  readonly first: BenchWire;
  readonly second: BenchWire;
  readonly strangers: readonly Stranger[];
  /** Removes both wires, and what they ended in. */
  close(): Promise<void>;
}

/** A test of a wire. It begins without any, and may leave them. */
export interface WireTest {
  readonly name: string;
  check(bench: WireBench): Promise<void>;
}

const trunkInterface = 'trunk0';
const bridge = 'br-trunk';

export async function createWireBench(via: Trunk['via']): Promise<WireBench> {
  const trunk: Trunk = via === 'vlan' ? { via, interface: trunkInterface } : { via, bridge };
  const first = await createWire({ ...exampleSpec, trunk });
  const second = await createWire({ ...exampleSpec, trunk, board: { ...exampleSpec.board, ...secondBoard } });
  const wires = [first, second];
  return {
    cable: createCableEnd('cable', ['ip', 'netns', 'exec', 'cable']),
    trunkInterface,
    first,
    second,
    strangers: strangersOf(first, via),
    async close() {
      for (const wire of wires) {
        await wire.remove();
        await unmount(wire.layout.userPin, wire.layout.netPin);
      }
    },
  };
}

const secondBoard: Partial<JailSpec['board']> = {
  handle: 'rockpro64-2',
  mac: '52:54:00:00:01:66',
  vlan: 102,
  uidBase: exampleSpec.board.uidBase + 65_536,
  network: {
    jailAddress: '10.77.0.102',
    gateway: '10.96.102.1',
    subnet: '10.96.102.0',
    prefixLength: 24,
    boardAddress: '10.96.102.100',
  },
};

async function createWire(spec: JailSpec): Promise<BenchWire> {
  const { board } = spec;
  const layout = layOutJail(board.handle);
  mkdirSync(join(layout.netPin, '..'), { recursive: true });
  await pinNamespaces('make', board.uidBase, layout, []);
  const part = createBoardWire(spec, layout);
  const atNetwork = ['nsenter', `--net=${layout.netPin}`, '--'];
  return {
    ...part,
    vlan: board.vlan,
    interface: wireInterface(board.vlan),
    layout,
    jailEnd: createCableEnd('board', atNetwork),
    board: { mac: board.mac, address: board.network.boardAddress },
    gateway: board.network.gateway,
    make: () => part.create({ epoch: 1, user: 'alice', expiresAtMs: 0, logins: [] }),
    async asJailRoot(...command) {
      const [program = '', ...args] = [
        'nsenter',
        `--user=${layout.userPin}`,
        `--net=${layout.netPin}`,
        '--',
        ...command,
      ];
      try {
        return { code: 0, output: await run(program, args) };
      } catch (error) {
        return { code: 1, output: String(error) };
      }
    },
  };
}

function strangersOf(wire: BenchWire, via: Trunk['via']): Stranger[] {
  const ownByLinks = (name: string, ...commands: readonly string[]): Stranger => ({
    interface: name,
    make: () => configureLinks(commands),
    remove: async () => interfaceExists(name) && configureLinks([`link delete ${name}`]),
  });
  const sameName = wire.interface;
  if (via === 'openvswitch') {
    return [
      ownByLinks(sameName, `link add ${sameName} type bridge`),
      {
        interface: sameName,
        make: () =>
          callOpenVswitch(
            ...['add-br', 'br-office', '--', 'set', 'bridge', 'br-office', 'datapath_type=netdev'],
            ...['--', 'add-port', 'br-office', sameName, '--', 'set', 'interface', sameName, 'type=internal'],
          ),
        remove: () => callOpenVswitch('del-br', 'br-office'),
      },
    ];
  }
  return [
    ownByLinks(sameName, `link add ${sameName} type veth peer name office`),
    ownByLinks(sameName, `link add link ${trunkInterface} name ${sameName} type vlan id 200`),
    ownByLinks('office', `link add link ${trunkInterface} name office type vlan id ${wire.vlan}`),
  ];
}
