import type { JailLimits } from '../../config/lab-config.ts';
import { cgroupOf } from '../cgroup.ts';
import type { JailLayout, JailSpec } from '../jail-layout.ts';
import {
  capabilitySets,
  dataBind,
  kernelMounts,
  maskedPaths,
  type OciConfig,
  type OciResources,
  readonlyPaths,
  searchPath,
  tmpfs,
} from './oci-config.ts';
import { createSeccompProfile } from './seccomp.ts';

/** What root in the jail may do there, and why. All of it ends at the jail's user namespace. */
export const jailCapabilities = {
  CAP_CHOWN: 'apt, tar and rsync set owners',
  CAP_DAC_OVERRIDE: 'root opens every file of the jail',
  CAP_FOWNER: 'root changes modes and times of files of others',
  CAP_FSETID: 'chmod keeps the setgid bit when packages are installed',
  CAP_SETFCAP: 'packages such as iputils-ping give file capabilities',
  CAP_KILL: 'services are signalled across users',
  CAP_SETGID: 'sshd, dnsmasq, apt and su change to other groups',
  CAP_SETUID: 'sshd, dnsmasq, apt and su change to other users',
  CAP_SETPCAP: 'dnsmasq drops what it does not need',
  CAP_SYS_CHROOT: "sshd's unprivileged half lives in a chroot; so does a user who looks into the board's root",
  CAP_NET_ADMIN: 'addresses, routes and filters of the jail are its own affair; DHCP sets ARP entries',
  CAP_NET_RAW: 'ping, tcpdump, DHCP',
  CAP_NET_BIND_SERVICE: 'ports below 1024: ssh, DNS, DHCP, TFTP',
} as const;

const megabyte = 1024 ** 2;

export interface JailConfigOptions {
  readonly spec: JailSpec;
  readonly layout: JailLayout;
  /** The host's `process.arch`. */
  readonly architecture: string;
  readonly limits: JailLimits;
  readonly resources?: OciResources;
}

/**
 * config.json of a jail: its services under runit, in the namespaces that are pinned for it. Files in memory can take
 * two thirds of its limit at most: nothing that is killed would give that back.
 */
export function createJailConfig({ spec, layout, architecture, limits, resources = {} }: JailConfigOptions): OciConfig {
  const { handle } = spec.board;
  const nestsNamespaces = spec.nestedNamespaces === true;
  return {
    ociVersion: '1.0.2',
    hostname: handle,
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: ['runsvdir', '-P', '/etc/service'],
      cwd: '/',
      env: [searchPath, 'HOME=/root', 'LANG=C.UTF-8', 'container=oci'],
      capabilities: capabilitySets(Object.keys(jailCapabilities)),
      // Who is root already needs no setuid programs. Rootless containers do: newuidmap(1) writes their maps.
      noNewPrivileges: !nestsNamespaces,
      rlimits: [
        { type: 'RLIMIT_NOFILE', soft: 1024, hard: 4096 },
        { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
      ],
    },
    root: { path: layout.root, readonly: false },
    mounts: [
      ...kernelMounts(),
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        // The kernel has 4096 terminals for all (pty(7)).
        options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5', 'max=256'],
      },
      tmpfs('/tmp', ['nosuid', 'nodev', 'mode=1777', `size=${Math.min(limits.memoryBytes / 2, 256 * megabyte)}`]),
      tmpfs('/dev/shm', [
        'nosuid',
        'nodev',
        'noexec',
        'mode=1777',
        `size=${Math.min(limits.memoryBytes / 8, 64 * megabyte)}`,
      ]),
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro', 'nosuid', 'nodev', 'noexec'] },
      dataBind(layout.socketsView, '/run/lab'),
      dataBind(layout.hostKeyView, '/run/host-key', 'ro'),
      dataBind(layout.nfsView, '/srv/nfs'),
      ...(spec.boot === null ? [] : [dataBind(layout.tftp, '/srv/tftp')]),
    ],
    linux: {
      namespaces: [
        { type: 'user', path: layout.userPin },
        { type: 'network', path: layout.netPin },
        ...['pid', 'ipc', 'uts', 'mount', 'cgroup'].map(type => ({ type })),
      ],
      cgroupsPath: cgroupOf(handle),
      resources,
      seccomp: createSeccompProfile({ architecture, debugs: true, nestsNamespaces }),
      maskedPaths,
      readonlyPaths,
    },
  };
}
