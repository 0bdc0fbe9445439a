import { join } from 'node:path';
import type { SetupHook, Trunk } from '../config/lab-config.ts';
import type { Board } from '../lab/board.ts';
import { paths } from '../system/paths.ts';

/** What a jail is built from. It is kept beside the jail, so that a jail can be found and removed after lab.yaml changed. */
export interface JailSpec {
  readonly board: Board;
  readonly trunk: Trunk;
  /** The default boot configuration of the board's class. */
  readonly boot: string | null;
  /** The base that it stands on: a name in `paths.jailBases`. */
  readonly base: string;
  /** The set-up of the board's class: a script of jails/setup. */
  readonly setup?: SetupHook;
  /** Whether the board's class asks for user namespaces inside the jail, for containers in it. */
  readonly nestedNamespaces?: true;
}

export const jailsDirectory = join(paths.jaildState, 'jails');
export const runDirectory = join(paths.jaildSocket, '..');

/** Every path of one jail. What is in `private` is closed to all but root; the jail's own root must reach the rest. */
export function layOutJail(board: string) {
  const directory = join(jailsDirectory, board);
  const own = join(directory, 'private');
  const disk = join(own, 'root-disk');
  const hostKeyView = join(directory, 'host-key');
  return {
    directory,
    private: own,
    claimFile: join(directory, 'claim.json'),
    userPin: join(runDirectory, `${board}.user`),
    netPin: join(runDirectory, `${board}.net`),
    /** What jaild renders for the claim: the uppermost read-only layer. */
    claimLayer: join(own, 'claim'),
    baseView: join(own, 'base'),
    /** The image with the jail's writable layers, and where it is mounted. */
    rootImage: join(own, 'root.img'),
    rootDisk: disk,
    upper: join(disk, 'upper'),
    work: join(disk, 'work'),
    root: join(directory, 'root'),
    tftpView: join(own, 'tftp'),
    tftpUpper: join(disk, 'tftp-upper'),
    tftpWork: join(disk, 'tftp-work'),
    tftp: join(directory, 'tftp'),
    nfsImage: join(own, 'nfs.img'),
    /** The image's file system with the board's view of uids, and the same with the jail's. */
    nfsMount: join(own, 'nfs'),
    nfsView: join(directory, 'nfs'),
    /** The exports that the user last applied. */
    exportsFile: join(own, 'exports.json'),
    socketsView: join(directory, 'lab'),
    /** Says that the set-up has run, and what it wrote. */
    setupMark: join(own, 'setup'),
    containerBundle: join(own, 'container'),
    fileServerRoot: join(own, 'file-server-root'),
    fileServerLayer: join(own, 'file-server-layer'),
    fileServerBundle: join(own, 'file-server'),
    hostPrivateKey: join(own, 'host-key.pem'),
    hostKeyBundle: join(own, 'host-key'),
    /** What the jail sees of its host key, as /run/host-key and read-only. */
    hostKeyView,
    hostPublicKey: join(hostKeyView, 'ssh_host_ed25519_key.pub'),
    hostCertificate: join(hostKeyView, 'ssh_host_ed25519_key-cert.pub'),
    hostKeyAgent: join(hostKeyView, 'agent'),
    hostKeySocket: join(hostKeyView, 'agent/socket'),
  } as const;
}

export type JailLayout = ReturnType<typeof layOutJail>;

/** The lab host's end of every uplink has this link-local address (RFC 3927): jails share no network with each other. */
export const uplinkGateway = '169.254.1.1';

/** Interface names on the lab host. All begin with `lc`, which the firewall's rules rely on; at most 15 characters. */
export function uplinkInterface(vlan: number): string {
  return `lc${vlan}u`;
}

export function wireInterface(vlan: number): string {
  return `lc${vlan}b`;
}
