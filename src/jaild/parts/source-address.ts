import { addSources, hasSource, removeSources } from '../firewall.ts';
import { type JailSpec, uplinkInterface } from '../jail-layout.ts';
import { absent, broken, type Part, present } from '../part.ts';

/** The firewall's permission for the jail's addresses, on the jail's uplink alone. */
export function createSourceAddress({ board }: JailSpec): Part {
  const { jailAddress, ipv6 } = board.network;
  const addresses = ipv6 ? [jailAddress, ipv6.jailAddress] : [jailAddress];
  const sources = addresses.map(address => ({ interface: uplinkInterface(board.vlan), address }));

  async function inspect() {
    const allowed = await Promise.all(sources.map(hasSource));
    if (allowed.every(Boolean)) return present;
    return allowed.some(Boolean) ? broken('not all of its addresses are allowed') : absent;
  }

  return {
    name: 'firewall',
    // Not made of it, but all of a jail is gone before its folder is.
    needs: ['directory'],
    inspect,
    create: () => addSources(sources),
    remove: () => removeSources(sources),
  };
}
