import type { Architecture, Board } from '../lab/board.ts';
import type { Subnet } from './ipv4.ts';

/** lab.yaml after it was read and checked: defaults are filled in, names resolve, addresses are computed. */
export interface LabConfig {
  readonly name: string;
  readonly users: readonly User[];
  readonly roles: readonly Role[];
  readonly classes: readonly BoardClass[];
  readonly switches: readonly PoeSwitch[];
  readonly boards: readonly Board[];
  readonly trunk: Trunk;
  readonly jails: JailSettings;
  /** Where all jails have their addresses. */
  readonly jailNetwork: Subnet;
  readonly reservations: ReservationSettings;
  /** Only in a virtual lab: how vlab plays the switch and the boards. */
  readonly virtual?: VirtualLab;
}

export interface User {
  readonly name: string;
  /** OpenSSH public keys, one line each, without options. */
  readonly keys: readonly string[];
  /** A name from `roles`. */
  readonly role?: string;
  /** Higher is served first; instead of the role's. */
  readonly priority?: number;
  /** Instead of the role's, one by one. */
  readonly quota: Quota;
}

export interface Role {
  readonly name: string;
  readonly isAdmin: boolean;
  readonly priority: number;
  /** What each user of the role may have. */
  readonly quota: Quota;
  /** Boards that all users of the role may hold or wait for at once. */
  readonly together?: number;
}

export interface Quota {
  /** Boards held or waited for at once. */
  readonly boards?: number;
  /** Requests in the queue. */
  readonly waiting?: number;
  readonly leaseMs?: number;
}

export interface ReservationSettings {
  /** How long a claim outlives the connection that it lives by. */
  readonly holdGraceMs: number;
  /** How long before its end a lease is warned of. */
  readonly warnMs: number;
  /** How long a lease lasts at least after a time in which nobody could extend it, since labd was away. */
  readonly outageGraceMs: number;
  /** How long events and ended claims are kept. */
  readonly historyMs: number;
}

export interface BoardClass {
  readonly name: string;
  readonly description: string;
  readonly architecture: Architecture;
  readonly leaseMs: number;
  /** How long a claim may last, extensions included. */
  readonly maxLeaseMs: number;
  /** Whether a lease is not extended while somebody waits whom the board fits. */
  readonly yieldsToWaiters: boolean;
  readonly health?: HealthCheck;
  /** Name of the default boot configuration: what a board of the class boots when the user changes nothing. */
  readonly boot?: string;
  /** What runs once in each fresh jail. */
  readonly setup?: SetupHook;
  /** How long the board stays without power in a power cycle. */
  readonly offTimeMs: number;
  /** Whether the jails of these boards may make user namespaces, for containers inside. */
  readonly nestedNamespaces: boolean;
  readonly limits: JailLimits;
}

/** A script that fails, or takes longer, fails the claim. */
export interface SetupHook {
  /** A file of jails/setup. */
  readonly script: string;
  readonly timeoutMs: number;
}

/** The board gets power, and `expect` must come over its console. */
export interface HealthCheck {
  readonly expect: RegExp;
  readonly withinMs: number;
  /** Before the next claim, when the last check is older. */
  readonly everyMs?: number;
  /** Before the next claim, after so many. */
  readonly afterClaims?: number;
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

/** The most that one jail uses of the lab host; the board's file server beside it has the same again. */
export interface JailLimits {
  /** Memory, with file caches and without swap. */
  readonly memoryBytes: number;
  /** Processes and threads. */
  readonly processes: number;
  /** Processor cores: 1.5 is one and a half. */
  readonly cpus: number;
  /** Reading, and again writing, on each disk. */
  readonly ioBytesPerSecond: number;
}

export type MissingLimit = 'memory-limit' | 'process-limit' | 'cpu-limit' | 'io-limit';

export interface JailSettings {
  /** The interface that leads to the rest of the world. */
  readonly uplink: string;
  /** IPv4 or IPv6. Jails may ask them even where `deny` has them. */
  readonly nameservers: readonly string[];
  /** Networks beyond the uplink that jails and boards must not reach: IPv4 or IPv6, such as 10.0.0.0/8. */
  readonly deny: readonly string[];
  /** Families that leave the uplink with the lab host's address; others leave with the jail's, for which routes must exist. */
  readonly masquerade: readonly ('ipv4' | 'ipv6')[];
  /** Size of the file system that a jail exports over NFS; sparse. */
  readonly nfsBytes: number;
  /** Size of the file system with what a jail's user writes elsewhere; sparse. */
  readonly rootBytes: number;
  /** What jails may be without on a host whose kernel cannot limit it. */
  readonly allowWithout: readonly MissingLimit[];
  /** For classes that say nothing else. */
  readonly limits: JailLimits;
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
