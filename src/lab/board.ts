/** One machine that can be claimed. Everything here is stable: it comes from lab.yaml alone. */
export interface Board {
  /** Stable name, also the jail's host name: `rockpro64-1`. */
  readonly handle: string;
  readonly class: string;
  readonly architecture: Architecture;
  /** What else can be asked for, in lab.yaml's words: `sdmux`, `ram=4g`. */
  readonly labels: readonly string[];
  /** Lower case, colon separated. */
  readonly mac: string;
  /**
   * The board's own 802.1Q VLAN id, 2..4094. It is also the number that the board's addresses and uid range are
   * derived from, so that they never change because another board was added or moved.
   */
  readonly vlan: number;
  /** The PoE port that powers the board. */
  readonly poePort: PoePort;
  readonly serial: SerialLine;
  readonly network: BoardNetwork;
  /** First uid and gid of the 65,536 that belong to this board's jail. */
  readonly uidBase: number;
}

export type Architecture = 'arm64' | 'amd64';

export interface PoePort {
  /** A name from `switches` in lab.yaml. */
  readonly switch: string;
  /** The port number printed on the switch; the switch's profile maps it to OIDs. */
  readonly port: number;
}

export interface SerialLine {
  readonly path: string;
  readonly baudRate: number;
}

/** IPv4 addresses in dotted form, without prefix length. */
export interface BoardNetwork {
  /** The jail's address on its uplink, routed as a /32. */
  readonly jailAddress: string;
  /** The jail's address on the board's wire. */
  readonly gateway: string;
  /** Network address of the board's wire, and its prefix length. */
  readonly subnet: string;
  readonly prefixLength: number;
  /** What dnsmasq hands to the board. */
  readonly boardAddress: string;
  /** Absent where the lab has no IPv6. */
  readonly ipv6?: BoardNetwork6;
}

/** IPv6 addresses as RFC 5952 writes them, without prefix length. */
export interface BoardNetwork6 {
  /** The jail's address on its uplink, routed as a /128. */
  readonly jailAddress: string;
  /** The jail's address on the board's wire. */
  readonly gateway: string;
  /** The board's own /64, which its wire has. */
  readonly subnet: string;
  /** What DHCPv6 hands to the board; it has others by SLAAC. */
  readonly boardAddress: string;
}
