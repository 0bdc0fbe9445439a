import type { Architecture, Board } from '../lab/board.ts';

/** lab.yaml after it was read and checked: defaults are filled in, names resolve, addresses are computed. */
export interface LabConfig {
  readonly name: string;
  readonly users: readonly User[];
  readonly classes: readonly BoardClass[];
  readonly switches: readonly PoeSwitch[];
  readonly boards: readonly Board[];
  readonly trunk: Trunk;
  readonly jails: JailSettings;
  /** Only in a virtual lab: how vlab plays the switch and the boards. */
  readonly virtual?: VirtualLab;
}

export interface User {
  readonly name: string;
  /** OpenSSH public keys, one line each, without options. */
  readonly keys: readonly string[];
}

export interface BoardClass {
  readonly name: string;
  readonly description: string;
  readonly architecture: Architecture;
  readonly leaseMs: number;
  /** Name of the default boot configuration: what a board of the class boots when the user changes nothing. */
  readonly boot?: string;
  /** How long the board stays without power in a power cycle. */
  readonly offTimeMs: number;
}

/** A PoE switch that is driven over SNMP. `{group}` and `{port}` in an OID are replaced. */
export interface PoeSwitch {
  readonly name: string;
  readonly host: string;
  readonly udpPort: number;
  readonly snmp: SnmpAccess;
  readonly poe: PoeProfile;
  /** Whether the PVID of a board's port is read (Q-BRIDGE-MIB) before a jail is put on its wire. */
  readonly checkVlan: boolean;
}

/** Which credentials to use; the secrets themselves are in secrets.yaml under `secret`. */
export type SnmpAccess =
  | { readonly version: '2c'; readonly secret: string }
  | { readonly version: '3'; readonly user: string; readonly secret: string };

export interface PoeProfile {
  /** RFC 3621 pethPsePortAdminEnable by default: 1.3.6.1.2.1.105.1.1.1.3.{group}.{port} */
  readonly adminOid: string;
  readonly group: number;
  readonly onValue: number;
  readonly offValue: number;
  /** How long to poll for the state to be reached after a SET. */
  readonly settleMs: number;
}

/** How the lab host gets a board's VLAN from the trunk. */
export type Trunk =
  | { readonly via: 'vlan'; readonly interface: string }
  | { readonly via: 'openvswitch'; readonly bridge: string };

export interface JailSettings {
  /** The interface that leads to the rest of the world. */
  readonly uplink: string;
  readonly nameservers: readonly string[];
  /** Size of the file system that a jail exports over NFS; sparse. */
  readonly nfsBytes: number;
}

export interface VirtualLab {
  /** The switch (a name from `switches`) that vlab plays; its boards are QEMU machines. */
  readonly switch: string;
  /** Ports of the virtual switch. The trunk to the lab host is the last one. */
  readonly ports: number;
  /** Megabytes of memory of each board. */
  readonly boardMemory: number;
}

/** secrets.yaml: what proves to a switch who we are. */
export type Secrets = ReadonlyMap<string, Secret>;
export type Secret = { readonly community: string } | { readonly authPassword: string; readonly privPassword: string };
