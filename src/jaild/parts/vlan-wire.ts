import { existsSync } from 'node:fs';
import { run } from '../../system/run.ts';
import {
  configureLinks,
  deleteInterface,
  interfaceExists,
  isInterfaceUp,
  type Link,
  readAlias,
  readLinks,
  readMtu,
  setInterfaceOption,
  writeAlias,
} from '../interfaces.ts';
import { type JailLayout, type JailSpec, wireInterface } from '../jail-layout.ts';
import { isMounted } from '../mounts.ts';
import { absent, broken, type Part, present } from '../part.ts';
import { boardInterfaceCommands, refuseStranger, wireAlias } from './board-wire.ts';

/** Boards are set up for Ethernet's usual size, also where the trunk takes larger packets. */
const largestMtu = 1500;

/**
 * The board's VLAN as an 802.1Q sub-interface of the trunk's NIC, which stays on the lab host, and a macvlan that has it
 * to itself in the jail. The sub-interface itself must not be in the jail: root there could switch its `reorder_hdr` off,
 * and the kernel would then send a frame that has a tag already as it is, into any VLAN.
 */
export function createVlanWire(spec: JailSpec, layout: JailLayout, trunk: string): Part {
  const { board } = spec;
  const name = wireInterface(board.vlan);
  const alias = wireAlias(board.handle);

  /** Nobody else's interface is taken for the wire, whatever its name is. */
  const isOwn = (link: Link) => isOurVlan(link) && link.ifname === name;
  const isOurVlan = ({ link, linkinfo }: Link) =>
    link === trunk && linkinfo?.info_kind === 'vlan' && linkinfo.info_data?.id === board.vlan;

  async function findOwn(): Promise<Link | undefined> {
    return interfaceExists(name) ? (await readLinks('vlan')).find(isOwn) : undefined;
  }

  async function hasJailEnd({ ifindex }: Link): Promise<boolean> {
    if (!existsSync(layout.netPin) || !isMounted(layout.netPin)) return false;
    const links = await readLinks('macvlan', layout.netPin);
    return links.some(link => link.ifname === 'board' && link.link_index === ifindex);
  }

  async function findStranger(): Promise<string | undefined> {
    return interfaceExists(name) ? name : (await readLinks('vlan')).find(isOurVlan)?.ifname;
  }

  return {
    name: 'board-wire',
    needs: ['namespaces'],
    async inspect() {
      const link = await findOwn();
      if (!link) return absent;
      if (readAlias(name) !== alias) return broken(`${name} is not set up`);
      return (await hasJailEnd(link)) ? present : broken(`${name} does not end in the jail`);
    },
    async create() {
      const stranger = await findStranger();
      if (stranger !== undefined) throw refuseStranger(board.vlan, stranger);
      await takeUp(trunk);
      await configureLinks([
        `link add link ${trunk} name ${name} mtu ${Math.min(readMtu(trunk), largestMtu)} type vlan id ${board.vlan}`,
      ]);
      // Before it is up, so that nothing is said. The macvlan takes all that comes, but the jail's root may delete it.
      setInterfaceOption('ipv6', name, 'disable_ipv6', 1);
      setInterfaceOption('ipv4', name, 'arp_ignore', 8);
      // `passthru`: the jail may have any address and as many as it likes, as on a cable of its own.
      await configureLinks([
        `link add link ${name} name board netns ${layout.netPin} type macvlan mode passthru`,
        `link set ${name} up`,
      ]);
      await configureLinks(boardInterfaceCommands(spec), layout.netPin);
      writeAlias(name, alias);
    },
    async remove() {
      // The jail's end goes with it, wherever the jail's root moved it.
      if (await findOwn()) await deleteInterface(name);
    },
  };
}

/** A trunk that is down is used by nobody else: IPv6 would only make an address from what an untagged router says. */
async function takeUp(trunk: string): Promise<void> {
  if (isInterfaceUp(trunk)) return;
  setInterfaceOption('ipv6', trunk, 'disable_ipv6', 1);
  await configureLinks([`link set ${trunk} up`]);
}

/**
 * Makes such a wire where nobody sees it, in a network namespace that ends with the program, and so loads the modules.
 * Throws what `ip` says when this kernel cannot.
 */
export async function tryVlanWire(): Promise<void> {
  const commands = [
    'link add trunk type veth peer name cable',
    'link add link trunk name wire type vlan id 2',
    'link add link wire name board type macvlan mode passthru',
  ];
  await run('unshare', ['--net', 'ip', '-batch', '-'], { input: `${commands.join('\n')}\n` });
}
