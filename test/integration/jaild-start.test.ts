import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JaildHost, startJaildHost } from './jaild-host.ts';

/** What a host must have for jaild to start, and the sentence and exit code when it has not. */
const labYaml = readFileSync(join(import.meta.dirname, '../../lab.yaml'), 'utf8');

let host: JaildHost;
beforeAll(async () => {
  host = await startJaildHost(labYaml);
});
afterAll(() => host?.stop());

const start = (wrapper: readonly string[] = []) =>
  host.inside(...wrapper, process.execPath, '/opt/labcli/lib/jaild.js');

async function startWith(from: string, to: string, wrapper: readonly string[] = []) {
  const lab = join(host.configDirectory, 'lab.yaml');
  writeFileSync(lab, labYaml.replace(from, to));
  try {
    return await start(wrapper);
  } finally {
    writeFileSync(lab, labYaml);
  }
}

test.each([
  ['bridge: br-trunk', 'bridge: br-none', /no Open vSwitch bridge br-none/],
  ['{ via: openvswitch, bridge: br-trunk }', '{ via: vlan, interface: enp9s9 }', /no interface enp9s9/],
  ['uplink: wan0', 'uplink: wan7', /no interface wan7/],
  ['boot: debian-nfs', 'boot: nothing-built', /boot\/nothing-built\/tftp is missing/],
])('%s made %s: it does not start, and says why', async (from, to, sentence) => {
  const { code, stderr } = await startWith(from, to);
  expect([code, stderr]).toEqual([6, expect.stringMatching(sentence)]);
  expect(stderr).not.toMatch(/\n\s+at /);
});

test('without cgroup v2 it does not start', async () => {
  const { code, stderr } = await host.inside(
    'unshare',
    '--mount',
    'sh',
    '-c',
    `umount /sys/fs/cgroup && exec ${process.execPath} /opt/labcli/lib/jaild.js`,
  );
  expect([code, stderr]).toEqual([6, expect.stringContaining('cgroup v2')]);
});

test('802.1Q sub-interfaces are taken where the kernel has them, and refused where it has not', async () => {
  const hasVlans = (await host.inside('sh', '-c', 'test -d /proc/net/vlan || modprobe 8021q')).code === 0;
  const lab = { from: '{ via: openvswitch, bridge: br-trunk }', to: '{ via: vlan, interface: tap1 }' };
  const outcome = await startWith(lab.from, lab.to, ['timeout', '3']);
  // timeout(1) tells with 124 that it had to end the program.
  if (hasVlans) expect(outcome.code).toBe(124);
  else expect([outcome.code, outcome.stderr]).toEqual([6, expect.stringContaining('802.1Q')]);
});

/** Runs a command in a copy of the mount namespace in which something of the kernel is hidden. */
const hide = (commands: string) => [
  'unshare',
  '--mount',
  'timeout',
  '--kill-after=2',
  '2',
  'sh',
  '-c',
  `${commands}; exec "$@"`,
  'hidden',
];
const cover = (file: string, text: string) => `echo "${text}" >/run/cover && mount --bind /run/cover ${file}`;

/** Covers the hierarchy of version 1, and takes the name from version 2's list, wherever the machine has the controller. */
const hideController = (name: string, nameInVersion1 = name) =>
  `for each in /run/cgroup-v1/*; do case $each in */${nameInVersion1} | */${nameInVersion1},*) mount -t tmpfs none "$each";; esac; done; ` +
  cover('/sys/fs/cgroup/cgroup.controllers', `$(sed s/${name}// /sys/fs/cgroup/cgroup.controllers)`);

test.each([
  ['memory-limit', "a limit of jails' memory", hideController('memory')],
  ['process-limit', "a limit of jails' processes", hideController('pids')],
  ['cpu-limit', "a limit of jails' processor time", hideController('cpu')],
  ['io-limit', "a limit of jails' disk traffic", hideController('io', 'blkio')],
])(
  'without the cgroup controller for it, %s must be given up in lab.yaml, and that is told',
  async (allowance, mechanism, hiding) => {
    const refusal = await start(hide(hiding));
    expect([refusal.code, refusal.stderr]).toEqual([6, expect.stringContaining(`this host lacks ${mechanism} (`)]);
    expect(refusal.stderr).toContain('systemd.unified_cgroup_hierarchy=1');
    expect(refusal.stderr).toContain(`allow_without: [${allowance}]`);
    const other = allowance === 'io-limit' ? 'cpu-limit' : 'io-limit';
    const unrelated = await startWith('  nfs_size', `  allow_without: [${other}]\n  nfs_size`, hide(hiding));
    expect(unrelated.code).toBe(6);
    const allowed = await startWith('  nfs_size', `  allow_without: [${allowance}]\n  nfs_size`, hide(hiding));
    expect([allowed.code, allowed.stderr]).toEqual([
      124,
      expect.stringContaining(`warning: jails are without ${mechanism}`),
    ]);
  },
);

test.each([
  ['user namespaces', cover('/proc/sys/user/max_user_namespaces', '0'), 'sysctl user.max_user_namespaces'],
  ['seccomp', cover('/proc/sys/kernel/seccomp/actions_avail', 'kill_process allow'), 'CONFIG_SECCOMP_FILTER'],
  ['seccomp', `${cover('/usr/bin/crun', '#!/bin/sh')} && chmod +x /run/cover`, 'built with seccomp'],
  [
    'loop devices',
    'mount -t tmpfs none /mnt && cp -a /dev/null /dev/urandom /mnt && mount --move /mnt /dev',
    'modprobe loop',
  ],
  ['nf_tables', 'mount --bind /dev/null /usr/sbin/nft', 'apt install nftables'],
  [
    "a limit of jails' connections",
    // As a kernel without the expression would refuse it.
    'cp /usr/sbin/nft /run/nft; ' +
      cover(
        '/usr/sbin/nft',
        '#!/bin/sh\nfor last; do :; done\n[ \\"\\$last\\" = - ] && exit 1\nexec /run/nft \\"\\$@\\"',
      ) +
      ' && chmod +x /run/cover',
    'CONFIG_NFT_CONNLIMIT',
  ],
  [
    'overlayfs over idmapped mounts',
    // A file system that the kernel maps no ids for.
    'base=/var/lib/labcli/base/current; mount -t overlay -o lowerdir=$base:/etc none $base',
    'Linux 5.19',
  ],
])('without %s it does not start, and says what to do', async (mechanism, hiding, remedy) => {
  const { code, stderr } = await start(hide(hiding));
  expect([code, stderr]).toEqual([6, expect.stringContaining(`this host lacks ${mechanism} (`)]);
  expect(stderr).toContain(remedy);
  expect(stderr).toContain('jails cannot be without it');
  expect(stderr).not.toMatch(/\n\s+at /);
});

test('a handler of crashes that would run on the lab host is warned of', async () => {
  const warning = 'warning: kernel.core_pattern names a program';
  const handled = await start(hide(cover('/proc/sys/kernel/core_pattern', '|/usr/share/apport/apport %p')));
  expect([handled.code, handled.stderr]).toEqual([124, expect.stringContaining(warning)]);
  const plain = await start(hide(cover('/proc/sys/kernel/core_pattern', 'core')));
  expect([plain.code, plain.stderr]).toEqual([124, expect.not.stringContaining(warning)]);
});

test('with all of them it starts, says no limit is missing, and leaves nothing of its probe', async () => {
  const { code, stderr } = await start(hide('true'));
  expect([code, stderr]).toEqual([124, expect.stringMatching(/\d+ boards, trunk via/)]);
  expect(stderr).not.toContain('jails are without');
  const { stdout } = await host.inside('sh', '-c', 'ls -d /run/labcli/probe; grep labcli/probe /proc/mounts');
  expect(stdout).toBe('');
});

test('a mistake in lab.yaml is told with its line', async () => {
  const { code, stderr } = await startWith('uplink: wan0', 'uplinc: wan0');
  expect([code, stderr]).toEqual([2, expect.stringMatching(/lab\.yaml:\d+:\d+: /)]);
});

test('a second jaild does not start beside the first', async () => {
  await host.startJaild();
  const { code, stderr } = await start();
  expect([code, stderr]).toEqual([5, expect.stringContaining('already runs')]);
});

test('it prepares a folder for the sockets of every board, which only labd can fill', async () => {
  const { stdout } = await host.inside('stat', '-c', '%a %U:%G', '/run/labcli/jails', '/run/labcli/jails/rockpro64-1');
  expect(stdout).toBe('750 root:labd\n755 labd:labd\n');
  const socket = await host.inside('stat', '-c', '%a %U:%G', '/run/labcli/jaild', '/run/labcli/jaild/jaild.sock');
  expect(socket.stdout).toBe('750 root:labd\n660 root:labd\n');
});
