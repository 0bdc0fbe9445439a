import { addSource, hasSource, removeSource } from '../firewall.ts';
import { type JailSpec, uplinkInterface } from '../jail-layout.ts';
import { absent, type Part, present } from '../part.ts';

/** The firewall's permission for the jail's address, on the jail's uplink alone. */
export function createSourceAddress({ board }: JailSpec): Part {
  const source = { interface: uplinkInterface(board.vlan), address: board.network.jailAddress };
  return {
    name: 'firewall',
    // Not made of it, but all of a jail is gone before its folder is.
    needs: ['directory'],
    inspect: async () => ((await hasSource(source)) ? present : absent),
    create: () => addSource(source),
    remove: () => removeSource(source),
  };
}
