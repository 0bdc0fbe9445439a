import type { SeccompArgument, SeccompProfile, SeccompRule } from './oci-config.ts';
import { allowed, debugging, fileHandles, namespaces, refused } from './system-calls.ts';

/** No 32-bit calls: each has its number twice in the kernel, and the filter for them takes 5 ms of each claim to make. */
const architectures: Readonly<Record<string, readonly string[]>> = {
  x64: ['SCMP_ARCH_X86_64'],
  arm64: ['SCMP_ARCH_AARCH64'],
};

const operationNotPermitted = 1;
const noSuchCall = 38;

/** The CLONE_NEW… flags of clone(2), in its first argument on the machines above: mount, cgroup, uts, ipc, user, pid, net. */
const namespaceFlags = [0x2_0000, 0x200_0000, 0x400_0000, 0x800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000];
const anyNamespace = namespaceFlags.reduce((all, flag) => all | flag);

/** Address families (socket(2)) that a jail has a use for. Others, such as AF_VSOCK and AF_ALG, reach the host's kernel or hypervisor. */
const addressFamilies = { unix: 1, inet: 2, inet6: 10, netlink: 16, packet: 17 };

/** mknod(2): kinds of files. 0 is a plain file, too. */
const fileKinds = { mask: 0o170_000, plain: [0, 0o100_000, 0o010_000, 0o140_000], device: [0o020_000, 0o060_000] };

/** personality(2): Linux, Linux of 32 bits, their variants with version 2.6, what gdb runs a program with, and only asking. */
const personalities = [0, 8, 0x2_0000, 0x2_0008, 0x4_0000, 0xffff_ffff];

export interface SeccompOptions {
  /** The host's, as in `process.arch`. A call with another machine's numbers, or a 32-bit one, ends the process. */
  readonly architecture: string;
  readonly opensFileHandles?: boolean;
  readonly debugs?: boolean;
  /** Whether user namespaces, and in them mounts and all the rest, can be made in the container. */
  readonly nestsNamespaces?: boolean;
}

/** An allow-list: what is not on it does not reach the kernel. */
export function createSeccompProfile(options: SeccompOptions): SeccompProfile {
  const { architecture, opensFileHandles = false, debugs = false, nestsNamespaces = false } = options;
  const extra = [
    ...(opensFileHandles ? fileHandles : []),
    ...(debugs ? debugging : []),
    ...(nestsNamespaces ? [...namespaces, 'clone', 'clone3'] : []),
  ];
  const closed = [...fileHandles, ...debugging, ...namespaces].filter(name => !extra.includes(name));
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: noSuchCall,
    architectures: architectures[architecture] ?? [],
    syscalls: [
      allow([...Object.values(allowed).flat(), ...extra]),
      refuse([...Object.values(refused).flat(), ...closed], operationNotPermitted),
      ...(nestsNamespaces ? [] : cloneRules),
      ...Object.values(addressFamilies).map(family => allow(['socket', 'socketpair'], isEqual(0, family))),
      ...personalities.map(personality => allow(['personality'], isEqual(0, personality))),
      ...mknodRules,
    ],
  };
}

const cloneRules = [
  allow(['clone'], isMasked(0, anyNamespace, 0)),
  ...namespaceFlags.map(flag => refuse(['clone'], operationNotPermitted, isMasked(0, flag, flag))),
  // Its flags are in memory, where no filter sees them: without it, the C library takes clone(2).
  refuse(['clone3'], noSuchCall),
];

const mknodRules = (
  [
    ['mknod', 1],
    ['mknodat', 2],
  ] as const
).flatMap(([name, index]) => [
  ...fileKinds.plain.map(kind => allow([name], isMasked(index, fileKinds.mask, kind))),
  ...fileKinds.device.map(kind => refuse([name], operationNotPermitted, isMasked(index, fileKinds.mask, kind))),
]);

function allow(names: readonly string[], ...args: SeccompArgument[]): SeccompRule {
  return { names, action: 'SCMP_ACT_ALLOW', ...(args.length > 0 && { args }) };
}

function refuse(names: readonly string[], errnoRet: number, ...args: SeccompArgument[]): SeccompRule {
  return { names, action: 'SCMP_ACT_ERRNO', errnoRet, ...(args.length > 0 && { args }) };
}

function isEqual(index: number, value: number): SeccompArgument {
  return { index, op: 'SCMP_CMP_EQ', value };
}

/** For this comparison, `value` is the mask, and `valueTwo` what the argument must be under it. */
function isMasked(index: number, mask: number, value: number): SeccompArgument {
  return { index, op: 'SCMP_CMP_MASKED_EQ', value: mask, valueTwo: value };
}
