import { run } from '../../system/run.ts';
import {
  configureLinks,
  deleteInterface,
  interfaceExists,
  isInOwnGroup,
  ownGroup,
  setInterfaceOption,
} from '../interfaces.ts';
import { type JailLayout, type JailSpec, wireInterface } from '../jail-layout.ts';
import { absent, broken, type Part, present } from '../part.ts';
import { boardInterfaceCommands, refuseStranger } from './board-wire.ts';

/** The board's VLAN as a veth pair, whose end on the lab host is an access port of an Open vSwitch bridge. */
export function createOpenVswitchWire(spec: JailSpec, layout: JailLayout, bridge: string): Part {
  const { board } = spec;
  const name = wireInterface(board.vlan);

  async function readPortTag(): Promise<string | undefined> {
    const ports = await callOpenVswitch('--bare', '--columns=tag', 'find', 'port', `name=${name}`);
    return ports === '' ? undefined : ports.trim();
  }

  return {
    name: 'board-wire',
    needs: ['namespaces'],
    async inspect() {
      const tag = await readPortTag();
      // Nobody else's interface is taken for the wire, whatever its name is.
      const isThere = isInOwnGroup(name);
      if (tag === undefined && !isThere) return absent;
      if (tag === undefined) return broken(`${name} is not a port of ${bridge}`);
      if (!isThere) return broken(`${bridge} has a port ${name} without an interface`);
      return tag === String(board.vlan) ? present : broken(`${name} has the VLAN ${tag || 'of a trunk'}`);
    },
    async create() {
      if (interfaceExists(name)) throw refuseStranger(board.vlan, name);
      await configureLinks([`link add ${name} group ${ownGroup} type veth peer name board netns ${layout.netPin}`]);
      // Before it is up, so that the lab host says nothing there.
      setInterfaceOption('ipv6', name, 'disable_ipv6', 1);
      // The lab host has no address on the wire, and tells none of its others there (ARP).
      setInterfaceOption('ipv4', name, 'arp_ignore', 8);
      await configureLinks([`link set ${name} up`]);
      await Promise.all([
        configureLinks(boardInterfaceCommands(spec), layout.netPin),
        // A userspace datapath sends packets on as they are: a checksum that was left to the NIC would be wrong.
        run('nsenter', [`--net=${layout.netPin}`, 'ethtool', '-K', 'board', 'tx', 'off']),
      ]);
      // The port comes last: it says that all the rest was done.
      const port = ['set', 'port', name, `tag=${board.vlan}`, 'vlan_mode=access'];
      await callOpenVswitch('--may-exist', 'add-port', bridge, name, '--', ...port);
    },
    async remove() {
      // Both take their time in the kernel, and neither waits for the other.
      await Promise.all([
        callOpenVswitch('--if-exists', 'del-port', bridge, name),
        isInOwnGroup(name) ? deleteInterface(name) : undefined,
      ]);
    },
  };
}

export function callOpenVswitch(...args: readonly string[]): Promise<string> {
  return run('ovs-vsctl', ['--timeout=10', ...args], { timeoutMs: 15_000 });
}
