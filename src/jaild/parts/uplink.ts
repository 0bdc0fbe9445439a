import type { BoardNetwork6 } from '../../lab/board.ts';
import { run } from '../../system/run.ts';
import {
  configureLinks,
  deleteInterface,
  interfaceExists,
  readAlias,
  setInterfaceOption,
  writeAlias,
} from '../interfaces.ts';
import { type JailLayout, type JailSpec, uplinkGateway, uplinkInterface } from '../jail-layout.ts';
import { absent, broken, type Part, present } from '../part.ts';
import type { RenderTemplate } from '../template.ts';

/** On a link of two there is no one to mistake for another. */
const hostMac = '02:6c:63:00:00:01';
const jailMac = '02:6c:63:00:00:02';
/** The name of the lab host's end in the jail's routes. No one answers to it: both ends know the other's MAC for good. */
const hostAddress6 = 'fe80::1';

/** The jail's way to the world: a veth pair that was born with one end in the jail, and routes to the jail's own addresses. */
export function createUplink({ board }: JailSpec, layout: JailLayout, render: RenderTemplate): Part {
  const name = uplinkInterface(board.vlan);
  const { jailAddress, ipv6 } = board.network;
  const alias = `labcli ${board.handle}`;

  return {
    name: 'uplink',
    needs: ['namespaces', 'firewall'],
    async inspect() {
      if (!interfaceExists(name)) return absent;
      return readAlias(name) === alias ? present : broken(`${name} is not set up`);
    },
    async create() {
      const peer = `peer name eth0 address ${jailMac} netns ${layout.netPin}`;
      await configureLinks([`link add ${name} address ${hostMac} type veth ${peer}`]);
      hardenHostEnd(name, ipv6 !== undefined);
      await configureLinks([
        `address add ${uplinkGateway}/32 dev ${name}`,
        // No link-local address either: the lab host is not there for a jail to talk to.
        `link set ${name} addrgenmode none`,
        `link set ${name} up`,
        // Known for good: one jail can fill the kernel's table of neighbours that are asked for (ARP), which is one for all.
        `neigh add ${jailAddress} lladdr ${jailMac} nud permanent dev ${name}`,
        `route add ${jailAddress}/32 dev ${name}`,
        ...(ipv6 ? hostCommands6(name, ipv6) : []),
      ]);
      await Promise.all([
        configureLinks(
          [
            'link set lo up',
            `address add ${jailAddress}/32 dev eth0`,
            'link set eth0 addrgenmode none',
            'link set eth0 up',
            `neigh add ${uplinkGateway} lladdr ${hostMac} nud permanent dev eth0`,
            `route add ${uplinkGateway}/32 dev eth0`,
            `route add default via ${uplinkGateway} dev eth0`,
            ...(ipv6 ? jailCommands6(ipv6) : []),
          ],
          layout.netPin,
        ),
        run('nsenter', [`--net=${layout.netPin}`, 'nft', '-f', '-'], { input: renderJailRules(board.handle, render) }),
      ]);
      writeAlias(name, alias);
    },
    remove: () => deleteInterface(name),
  };
}

/** Before the interface is up: nothing that a jail says may change how the lab host sends. */
function hardenHostEnd(name: string, hasIpv6: boolean): void {
  setInterfaceOption('ipv4', name, 'forwarding', 1);
  // Tells a jail that asks (ARP) for the lab host's other addresses nothing.
  setInterfaceOption('ipv4', name, 'arp_ignore', 1);
  setInterfaceOption('ipv4', name, 'accept_redirects', 0);
  setInterfaceOption('ipv4', name, 'accept_source_route', 0);
  setInterfaceOption('ipv6', name, 'accept_ra', 0);
  setInterfaceOption('ipv6', name, 'accept_redirects', 0);
  setInterfaceOption('ipv6', name, 'disable_ipv6', hasIpv6 ? 0 : 1);
}

function hostCommands6(name: string, { jailAddress }: BoardNetwork6): string[] {
  return [
    `neigh add ${jailAddress} lladdr ${jailMac} nud permanent dev ${name}`,
    `route add ${jailAddress}/128 dev ${name}`,
  ];
}

function jailCommands6({ jailAddress }: BoardNetwork6): string[] {
  return [
    `address add ${jailAddress}/128 dev eth0 nodad`,
    `neigh add ${hostAddress6} lladdr ${hostMac} nud permanent dev eth0`,
    `route add default via ${hostAddress6} dev eth0`,
  ];
}

/** What the jail's own kernel does with its board's packets; its user finds the same in /etc/nftables.conf. */
export function renderJailRules(handle: string, render: RenderTemplate): string {
  return render('jail-nftables.conf', { handle });
}
