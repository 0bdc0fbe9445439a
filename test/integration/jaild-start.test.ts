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
