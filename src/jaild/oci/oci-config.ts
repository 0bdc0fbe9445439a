import { readdirSync } from 'node:fs';

/** The parts of the OCI runtime specification's config.json (version 1.0) that jails use. */
export interface OciConfig {
  readonly ociVersion: '1.0.2';
  readonly hostname: string;
  readonly process: {
    readonly terminal: false;
    readonly user: { readonly uid: number; readonly gid: number };
    readonly args: readonly string[];
    readonly cwd: string;
    readonly env: readonly string[];
    readonly capabilities: Readonly<
      Record<'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient', readonly string[]>
    >;
    readonly noNewPrivileges: boolean;
    readonly rlimits: readonly { readonly type: string; readonly hard: number; readonly soft: number }[];
  };
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly mounts: readonly OciMount[];
  readonly linux: {
    readonly namespaces: readonly { readonly type: string; readonly path?: string }[];
    readonly cgroupsPath: string;
    readonly resources: OciResources;
    readonly seccomp: SeccompProfile;
    readonly maskedPaths: readonly string[];
    readonly readonlyPaths: readonly string[];
  };
}

/** Sizes in bytes, times in microseconds, rates in bytes per second. */
export interface OciResources {
  readonly memory?: { readonly limit: number; readonly swap: number };
  readonly pids?: { readonly limit: number };
  readonly cpu?: { readonly quota: number; readonly period: number };
  readonly blockIO?: {
    readonly throttleReadBpsDevice: readonly OciRate[];
    readonly throttleWriteBpsDevice: readonly OciRate[];
  };
}

export interface OciRate {
  readonly major: number;
  readonly minor: number;
  readonly rate: number;
}

export interface OciMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** A comparison of one argument of a system call, as a 64-bit number. */
export interface SeccompArgument {
  readonly index: number;
  readonly op: 'SCMP_CMP_EQ' | 'SCMP_CMP_MASKED_EQ';
  readonly value: number;
  readonly valueTwo?: number;
}

export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO';
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArgument[];
}

export interface SeccompProfile {
  readonly defaultAction: 'SCMP_ACT_ERRNO';
  readonly defaultErrnoRet: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly SeccompRule[];
}

/** What shows or changes the host, whatever the namespaces. Paths that a kernel does not have are left out. */
export const maskedPaths = [
  ...['acpi', 'asound', 'interrupts', 'kallsyms', 'kcore', 'keys', 'kmsg', 'kpagecount', 'kpageflags', 'latency_stats'],
  ...['modules', 'sched_debug', 'scsi', 'slabinfo', 'timer_list', 'timer_stats', 'vmallocinfo'],
  // What the host was booted with, which disks it has, and what they have to do.
  ...['cmdline', 'config.gz', 'diskstats', 'iomem', 'ioports', 'mdstat', 'partitions', 'swaps'],
]
  .map(name => `/proc/${name}`)
  .concat(
    // The kernel's own knobs, mounted file systems, disks, and the machine's serial numbers.
    ['block', 'firmware', 'fs', 'hypervisor', 'kernel', 'module', 'power', 'class/dmi', 'devices/virtual/dmi'].map(
      name => `/sys/${name}`,
    ),
    ['/sys/devices/virtual/powercap', '/sys/devices/virtual/block'],
    // The same by other ways, and what else is plugged in: disks, NICs and serial adapters, with their serial numbers.
    ['bus', 'class/block', 'dev', ...deviceTrees()].map(name => `/sys/${name}`),
  );

/** The roots of real devices. In `system` and `virtual` there are processors and network interfaces, which programs look for. */
function deviceTrees(): string[] {
  const names = readdirSync('/sys/devices').filter(name => /^(LNX|pci|platform|pnp|soc)/.test(name));
  return names.map(name => `devices/${name}`);
}

/** Of /proc/sys only `net` is left to the jail: it is the jail's own network. */
export const readonlyPaths = [
  ...['bus', 'fs', 'irq', 'sysrq-trigger'],
  ...['abi', 'debug', 'dev', 'fs', 'kernel', 'user', 'vm'].map(name => `sys/${name}`),
].map(name => `/proc/${name}`);

export const searchPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Mounts that every container has. */
export function kernelMounts(): OciMount[] {
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'nodev', 'noexec'] },
    tmpfs('/dev', ['nosuid', 'noexec', 'strictatime', 'mode=755', 'size=64k']),
    tmpfs('/run', ['nosuid', 'nodev', 'mode=755', 'size=16m']),
  ];
}

export function tmpfs(destination: string, options: readonly string[]): OciMount {
  return { destination, type: 'tmpfs', source: 'tmpfs', options };
}

/** The source's content with a file system's dangerous powers taken away. */
export function dataBind(source: string, destination: string, access: 'rw' | 'ro' = 'rw'): OciMount {
  return { destination, type: 'bind', source, options: ['bind', access, 'nosuid', 'nodev', 'noexec'] };
}

export function capabilitySets(kept: readonly string[]): OciConfig['process']['capabilities'] {
  return { bounding: kept, effective: kept, permitted: kept, inheritable: [], ambient: [] };
}
