import { addSource, hasSource, removeSource } from '../firewall.ts';
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

  async function forEach(change: (source: (typeof sources)[number]) => Promise<void>) {
    await Promise.all(sources.map(change));
  }

  return {
    name: 'firewall',
    // Not made of it, but all of a jail is gone before its folder is.
    needs: ['directory'],
    inspect,
    create: () => forEach(addSource),
    remove: () => forEach(removeSource),
  };
}
