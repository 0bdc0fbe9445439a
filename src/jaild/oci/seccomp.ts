import type { SeccompProfile } from './oci-config.ts';

/**
 * System calls that no jail has any use for, each a large piece of kernel that is rarely reached otherwise, or one that acts
 * on the host as a whole. Most ask for a capability in the host's own user namespace anyway; this holds when that check
 * has a hole. Names that an architecture does not have are ignored by libseccomp.
 */
const refused = {
  kernelCode: ['bpf', 'init_module', 'finit_module', 'delete_module', 'kexec_load', 'kexec_file_load', 'create_module'],
  // Keyrings are not namespaced by user namespace alone, and had many holes.
  keyrings: ['add_key', 'request_key', 'keyctl'],
  asynchronousCalls: ['io_uring_setup', 'io_uring_enter', 'io_uring_register'],
  // Favourite helpers of kernel exploits: they stop the kernel at a chosen point.
  pageFaults: ['userfaultfd'],
  tracing: ['perf_event_open', 'lookup_dcookie', 'fanotify_init'],
  clock: ['settimeofday', 'stime', 'clock_settime', 'clock_adjtime', 'adjtimex', 'clock_settime64', 'clock_adjtime64'],
  host: ['reboot', 'swapon', 'swapoff', 'acct', 'syslog', 'vhangup', 'quotactl', 'quotactl_fd', 'nfsservctl'],
  hardware: [
    'iopl',
    'ioperm',
    'modify_ldt',
    'vm86',
    'vm86old',
    'pciconfig_read',
    'pciconfig_write',
    'pciconfig_iobase',
  ],
  memoryPlacement: ['move_pages', 'migrate_pages', 'mbind', 'set_mempolicy'],
  // Mounts and namespaces are made by jaild; without CAP_SYS_ADMIN the jail could not, but half-way calls are reachable.
  mounts: [
    'fsopen',
    'fsconfig',
    'fsmount',
    'fspick',
    'mount_setattr',
    'move_mount',
    'open_tree',
    'pivot_root',
    'umount2',
  ],
  obsolete: ['_sysctl', 'sysfs', 'uselib', 'ustat', 'get_kernel_syms', 'query_module', 'remap_file_pages'],
} as const;

// A file handle that is opened reaches any file of its file system. The file server lives by that; the jail does not.
const fileHandles = ['open_by_handle_at'];

const architectures: Readonly<Record<string, readonly string[]>> = {
  x64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};

const operationNotPermitted = 1;

/** `architecture` is that of the host, as in `process.arch`. A call with another machine's numbers ends the process. */
export function createSeccompProfile(architecture: string, opensFileHandles: boolean): SeccompProfile {
  return {
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: architectures[architecture] ?? [],
    syscalls: [
      {
        names: [...Object.values(refused).flat(), ...(opensFileHandles ? [] : fileHandles)],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: operationNotPermitted,
      },
    ],
  };
}
