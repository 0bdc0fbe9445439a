import type { BoardNetwork, BoardNetwork6 } from '../lab/board.ts';
import { countAddresses, formatIpv4, type Subnet } from './ipv4.ts';
import { formatIpv6, type Subnet6 } from './ipv6.ts';

export interface AddressPools {
  /** Board wires: the board with VLAN n has the n-th /24. */
  readonly boards: Subnet;
  /** Jail uplinks: the jail of the board with VLAN n has the n-th address. */
  readonly jails: Subnet;
  /** A /48: the board with VLAN n has the /64 whose last group reads n in decimal, and the jails have subnet 0. */
  readonly ipv6?: Subnet6 | undefined;
}

const firstUid = 0x6ffe_0000;

/**
 * First of the 65,536 uids and gids of a board's jail. VLANs 2 to 4094 become 0x70000000 to 0x7ffcffff: above the ranges
 * of /etc/subuid (600,100,000 at most) and of systemd's containers, below systemd's foreign ids (0x7ffe0000) and 2^31.
 */
export function uidBaseOf(vlan: number): number {
  return firstUid + vlan * 0x1_0000;
}

/** A board's addresses. They depend on nothing but its VLAN, its own `subnet` (if it has one) and the pools. */
export function boardNetworkOf(vlan: number, pools: AddressPools, ownSubnet?: Subnet): BoardNetwork {
  const wire = ownSubnet ?? { first: pools.boards.first + vlan * 256, prefixLength: 24 };
  return {
    jailAddress: formatIpv4(pools.jails.first + vlan),
    gateway: formatIpv4(wire.first + 1),
    subnet: formatIpv4(wire.first),
    prefixLength: wire.prefixLength,
    boardAddress: formatIpv4(wire.first + 100),
    ...(pools.ipv6 && { ipv6: boardNetwork6Of(vlan, pools.ipv6) }),
  };
}

/** 101 becomes 0x101, so that a person finds the VLAN again in fd5c:1ab0:1:101::/64. 4094 is 0x4094, which fits in a group. */
function boardNetwork6Of(vlan: number, lab: Subnet6): BoardNetwork6 {
  const group = BigInt(`0x${vlan}`);
  const wire = lab.first + (group << 64n);
  return {
    jailAddress: formatIpv6(lab.first + group),
    gateway: formatIpv6(wire + 1n),
    subnet: formatIpv6(wire),
    boardAddress: formatIpv6(wire + 0x100n),
  };
}

/** The highest VLAN that `pools` have addresses for; the last address of the jails' pool is its broadcast address. */
export function highestVlanOf(pools: AddressPools): { readonly boards: number; readonly jails: number } {
  return { boards: Math.floor(countAddresses(pools.boards) / 256) - 1, jails: countAddresses(pools.jails) - 2 };
}
