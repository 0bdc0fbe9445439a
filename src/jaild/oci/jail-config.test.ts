import { exampleSettings, exampleSpec } from '../example-spec.ts';
import { layOutJail } from '../jail-layout.ts';
import { createFileServerConfig, fileServerCapabilities } from './file-server-config.ts';
import { createJailConfig, jailCapabilities } from './jail-config.ts';
import type { OciConfig } from './oci-config.ts';

const layout = layOutJail('rockpro64-1');
const options = { spec: exampleSpec, layout, architecture: 'x64', limits: exampleSettings.limits };
const jail = createJailConfig(options);
const nesting = createJailConfig({ ...options, spec: { ...exampleSpec, nestedNamespaces: true } });
const fileServer = createFileServerConfig({ name: 'rockpro64-1.nfs', layout, architecture: 'x64' });

/** Capabilities that reach beyond a container's own namespaces, or undo its mounts. */
const dangerous = [
  'CAP_SYS_ADMIN',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_PTRACE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_BOOT',
  'CAP_SYS_TIME',
  'CAP_MKNOD',
  'CAP_BPF',
  'CAP_SYSLOG',
  'CAP_MAC_ADMIN',
];

test.each([
  ['jail', jail],
  ['file server', fileServer],
])('the %s has no dangerous capability, in any set', (_name, { process }) => {
  for (const set of Object.values(process.capabilities)) {
    expect(set.filter(capability => dangerous.includes(capability))).toEqual([]);
  }
});

test.each([
  ['jail', jail],
  ['file server', fileServer],
])('the %s has namespaces of its own for all but what is pinned', (_name, config) => {
  const types = config.linux.namespaces.map(namespace => namespace.type);
  expect(types).toEqual(expect.arrayContaining(['network', 'pid', 'ipc', 'uts', 'mount', 'cgroup']));
});

test('nothing that is bound can hold a device', () => {
  for (const mount of jail.mounts.filter(each => each.type === 'bind')) {
    expect(mount.options).toEqual(expect.arrayContaining(['nosuid', 'nodev', 'noexec']));
  }
  // The file server's one bind keeps the flags of the disk's own mount.
  const binds = fileServer.mounts.filter(each => each.type === 'bind');
  expect(binds).toEqual([expect.objectContaining({ destination: '/srv/nfs', options: ['bind'] })]);
});

test('the jail is in its pinned user and network namespaces, the file server in the network one alone', () => {
  expect(jail.linux.namespaces).toContainEqual({ type: 'user', path: layout.userPin });
  expect(jail.linux.namespaces).toContainEqual({ type: 'network', path: layout.netPin });
  expect(fileServer.linux.namespaces).toContainEqual({ type: 'network', path: layout.netPin });
  expect(fileServer.linux.namespaces.some(namespace => namespace.type === 'user')).toBe(false);
});

test('neither can gain privileges, but a jail with containers inside', () => {
  expect([fileServer.process.noNewPrivileges, fileServer.root.readonly]).toEqual([true, true]);
  expect([jail.process.noNewPrivileges, nesting.process.noNewPrivileges]).toEqual([true, false]);
});

test('each capability that is kept has a reason, and there is no other', () => {
  for (const [config, reasons] of [
    [jail, jailCapabilities],
    [fileServer, fileServerCapabilities],
  ] as const) {
    expect(config.process.capabilities.bounding).toEqual(Object.keys(reasons));
    for (const reason of Object.values(reasons)) expect(reason.length).toBeGreaterThan(10);
  }
});

/** What the profile says to a system call without looking at its arguments, or `looks` when it does look. */
function answerTo(config: OciConfig, name: string): string {
  const rules = config.linux.seccomp.syscalls.filter(rule => rule.names.includes(name));
  const plain = rules.filter(rule => rule.args === undefined).map(rule => rule.errnoRet ?? 'allowed');
  if (plain.length > 1 || (plain.length === 1 && rules.length > 1)) return 'two rules';
  if (rules.length > 0) return String(plain[0] ?? 'looks');
  return String(config.linux.seccomp.defaultErrnoRet);
}

test('seccomp is an allow-list: what is not known is no system call', () => {
  for (const config of [jail, fileServer, nesting]) {
    const { defaultAction, syscalls } = config.linux.seccomp;
    expect(defaultAction).toBe('SCMP_ACT_ERRNO');
    expect(answerTo(config, 'a_call_of_next_year')).toBe('38');
    expect(answerTo(config, 'openat')).toBe('allowed');
    for (const name of ['bpf', 'keyctl', 'io_uring_setup', 'init_module', 'userfaultfd', 'perf_event_open', 'reboot']) {
      expect([name, answerTo(config, name)]).toEqual([name, '1']);
    }
    for (const name of new Set(syscalls.flatMap(rule => rule.names))) {
      expect([name, answerTo(config, name)]).not.toEqual([name, 'two rules']);
    }
  }
});

test('only the file server opens file handles, and only a jail is for debugging', () => {
  const answers = (name: string) => [jail, fileServer].map(config => answerTo(config, name));
  expect(answers('open_by_handle_at')).toEqual(['1', 'allowed']);
  expect(answers('ptrace')).toEqual(['allowed', '1']);
});

test('namespaces and mounts are refused, unless the class of boards asks for containers in the jail', () => {
  const answers = (name: string) => [jail, fileServer, nesting].map(config => answerTo(config, name));
  for (const name of ['unshare', 'setns', 'mount', 'umount2', 'pivot_root', 'fsopen', 'move_mount']) {
    expect([name, ...answers(name)]).toEqual([name, '1', '1', 'allowed']);
  }
  expect(answers('clone')).toEqual(['looks', 'looks', 'allowed']);
  expect(answers('clone3')).toEqual(['38', '38', 'allowed']);
});

test('/srv/tftp shows boot files only when the class has them', () => {
  const destinations = (boot: string | null) =>
    createJailConfig({ ...options, spec: { ...exampleSpec, boot } }).mounts.map(mount => mount.destination);
  expect(destinations('debian-nfs')).toContain('/srv/tftp');
  expect(destinations(null)).not.toContain('/srv/tftp');
});

test('each machine has its own system calls', () => {
  const architectures = (architecture: string) =>
    createJailConfig({ ...options, architecture }).linux.seccomp.architectures;
  expect(architectures('x64')).toContain('SCMP_ARCH_X86_64');
  expect(architectures('arm64')).toContain('SCMP_ARCH_AARCH64');
});
