import { exampleSpec } from '../example-spec.ts';
import { layOutJail } from '../jail-layout.ts';
import { createFileServerConfig } from './file-server-config.ts';
import { createJailConfig } from './jail-config.ts';

const layout = layOutJail('rockpro64-1');
const options = { spec: exampleSpec, layout, architecture: 'x64' };
const jail = createJailConfig(options);
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
])(
  'the %s has namespaces of its own for all but what is pinned, and nothing bound can hold a device',
  (_name, config) => {
    const types = config.linux.namespaces.map(namespace => namespace.type);
    expect(types).toEqual(expect.arrayContaining(['network', 'pid', 'ipc', 'uts', 'mount', 'cgroup']));
    for (const mount of config.mounts.filter(each => each.type === 'bind')) {
      expect(mount.options).toEqual(expect.arrayContaining(['nosuid', 'nodev', 'noexec']));
    }
  },
);

test('the jail is in its pinned user and network namespaces, the file server in the network one alone', () => {
  expect(jail.linux.namespaces).toContainEqual({ type: 'user', path: layout.userPin });
  expect(jail.linux.namespaces).toContainEqual({ type: 'network', path: layout.netPin });
  expect(fileServer.linux.namespaces).toContainEqual({ type: 'network', path: layout.netPin });
  expect(fileServer.linux.namespaces.some(namespace => namespace.type === 'user')).toBe(false);
});

test('the file server cannot gain privileges or write to its root, and only it opens file handles', () => {
  expect([fileServer.process.noNewPrivileges, fileServer.root.readonly]).toEqual([true, true]);
  const refusedBy = (config: typeof jail) => config.linux.seccomp.syscalls.flatMap(rule => rule.names);
  expect(refusedBy(jail)).toContain('open_by_handle_at');
  expect(refusedBy(fileServer)).not.toContain('open_by_handle_at');
  for (const config of [jail, fileServer]) {
    expect(refusedBy(config)).toEqual(expect.arrayContaining(['bpf', 'keyctl', 'io_uring_setup', 'init_module']));
  }
});

test('/srv/tftp shows boot files only when the class has them', () => {
  const destinations = (boot: string | null) =>
    createJailConfig({ ...options, spec: { ...exampleSpec, boot } }).mounts.map(mount => mount.destination);
  expect(destinations('debian-nfs')).toContain('/srv/tftp');
  expect(destinations(null)).not.toContain('/srv/tftp');
});

test('a limit of processes is set only where the host can', () => {
  expect(jail.linux.resources).toEqual({});
  expect(createJailConfig({ ...options, pidLimit: 4096 }).linux.resources).toEqual({ pids: { limit: 4096 } });
});

test('each machine has its own system calls', () => {
  const architectures = (architecture: string) =>
    createJailConfig({ ...options, architecture }).linux.seccomp.architectures;
  expect(architectures('x64')).toContain('SCMP_ARCH_X86_64');
  expect(architectures('arm64')).toContain('SCMP_ARCH_AARCH64');
});
