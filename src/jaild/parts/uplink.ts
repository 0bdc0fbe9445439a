import {
  configureLinks,
  deleteInterface,
  interfaceExists,
  readAlias,
  setInterfaceOption,
  writeAlias,
} from '../interfaces.ts';
import type { JailLayout, JailSpec } from '../jail-layout.ts';
import { uplinkInterface } from '../jail-layout.ts';
import { absent, broken, type Part, present } from '../part.ts';

/** The lab host's end of every uplink has this link-local address (RFC 3927): jails share no network with each other. */
const hostAddress = '169.254.1.1';

/** The jail's way to the world: a veth pair that was born with one end in the jail, and a route to the jail's one address. */
export function createUplink({ board }: JailSpec, layout: JailLayout): Part {
  const name = uplinkInterface(board.vlan);
  const { jailAddress } = board.network;
  const alias = `labcli ${board.handle}`;

  return {
    name: 'uplink',
    needs: ['namespaces', 'firewall'],
    async inspect() {
      if (!interfaceExists(name)) return absent;
      return readAlias(name) === alias ? present : broken(`${name} is not set up`);
    },
    async create() {
      await configureLinks([
        `link add ${name} type veth peer name eth0 netns ${layout.netPin}`,
        `address add ${hostAddress}/32 dev ${name}`,
        `link set ${name} up`,
        `route add ${jailAddress}/32 dev ${name}`,
      ]);
      setInterfaceOption('ipv4', name, 'forwarding', 1);
      // Tells a jail that asks (ARP) for the lab host's other addresses nothing.
      setInterfaceOption('ipv4', name, 'arp_ignore', 1);
      setInterfaceOption('ipv6', name, 'disable_ipv6', 1);
      await configureLinks(
        [
          'link set lo up',
          `address add ${jailAddress}/32 dev eth0`,
          'link set eth0 up',
          `route add ${hostAddress}/32 dev eth0`,
          `route add default via ${hostAddress} dev eth0`,
        ],
        layout.netPin,
      );
      writeAlias(name, alias);
    },
    remove: () => deleteInterface(name),
  };
}
