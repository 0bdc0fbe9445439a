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
    readonly resources: { readonly pids?: { readonly limit: number } };
    readonly seccomp: SeccompProfile;
    readonly maskedPaths: readonly string[];
    readonly readonlyPaths: readonly string[];
  };
}

export interface OciMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

export interface SeccompProfile {
  readonly defaultAction: 'SCMP_ACT_ALLOW';
  readonly architectures: readonly string[];
  readonly syscalls: readonly {
    readonly names: readonly string[];
    readonly action: 'SCMP_ACT_ERRNO';
    readonly errnoRet: number;
  }[];
}

/** What shows or changes the host, whatever the namespaces. */
export const maskedPaths = [
  '/proc/acpi',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/firmware',
];
export const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sysrq-trigger'];

export const searchPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Mounts that every container has. */
export function kernelMounts(): OciMount[] {
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'nodev', 'noexec'] },
    tmpfs('/dev', ['nosuid', 'noexec', 'strictatime', 'mode=755', 'size=64k']),
    tmpfs('/run', ['nosuid', 'nodev', 'mode=755', 'size=16m']),
    tmpfs('/tmp', ['nosuid', 'nodev', 'mode=1777', 'size=256m']),
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
