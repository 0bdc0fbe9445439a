import { setTimeout as sleep } from 'node:timers/promises';
import type { ClaimedBoard } from '../../src/api/messages.ts';
import { type LabUnderTest, type Outcome, startLab } from './lab-under-test.ts';

/**
 * New bases, as an admin makes them. The virtual lab host does not reach Debian's archive, so the tree that mmdebstrap made at
 * set-up stands in for what it would make now; files, checks, names and jails are the real ones.
 */
let lab: LabUnderTest;
beforeAll(async () => {
  lab = await startLab();
}, 90_000);
afterAll(() => lab?.stop());

/** Lets mmdebstrap do this with the tree ($tree) that it has made. */
async function standIn(afterwards: string): Promise<void> {
  const lines = [
    '#!/bin/sh',
    'set -eu',
    'for tree; do :; done',
    'echo "I: a tree for $tree"',
    'cp -a --reflink=auto /var/lib/labcli/base/setup "$tree"',
    afterwards,
  ];
  // As text, for the lab host has a /tmp of its own.
  const text = Buffer.from(`${lines.join('\n')}\n`).toString('base64');
  const put = `echo ${text} | base64 -d >/run/mmdebstrap && chmod 755 /run/mmdebstrap
    grep -q ' /usr/bin/mmdebstrap ' /proc/mounts || mount --bind /run/mmdebstrap /usr/bin/mmdebstrap`;
  expect((await lab.inside('sh', '-c', put)).code).toBe(0);
}

const build = (user = 'alice', ...options: string[]) =>
  lab.ssh(`labhost-${user}`, 'labcli', 'admin', 'jail-base', 'build', ...options);
const edit = (version: string) => lab.inside('sh', '-c', `echo ${version} >/opt/labcli/jails/files/etc/house-version`);
/** By its address, for the handle leads through the lab host as alice. */
const versionIn = async (jail: ClaimedBoard) =>
  (await lab.ssh(`root@${jail.jailAddress}`, 'cat /etc/house-version 2>/dev/null || echo none')).stdout.trim();
const basesOnDisk = async () =>
  (await lab.inside('ls', '-A', '/var/lib/labcli/base')).stdout
    .split('\n')
    .filter(name => name !== '' && name !== '.lock');
const current = async () => (await lab.inside('readlink', '/var/lib/labcli/base/current')).stdout.trim();
const claim = (user: string) => lab.json<ClaimedBoard>(user, 'claim', 'rockpro64');

let first: ClaimedBoard;
let second: ClaimedBoard;

test('an admin alone builds bases', async () => {
  expect(await build('bob')).toMatchObject({ code: 4 });
  expect(await current()).toBe('setup');
});

test('a new base is made beside the old one: new jails are built on it, and jails that are there keep theirs', async () => {
  first = await claim('alice');
  expect(await versionIn(first)).toBe('none');
  await standIn(':');
  await edit('one');
  const { code, stdout, stderr } = await build();
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  // What it does is told while it does it.
  expect(stderr).toMatch(/^I: a tree for [\s\S]*the base for new jails is \S+\n$/);
  const name = await current();
  expect(name).toMatch(/^\d{8}T\d{6}Z$/);
  expect(stdout).toBe(`new jails are built on ${name}\n`);
  const events = (await lab.ssh('labhost-alice', 'labcli', 'events')).stdout;
  expect(events).toContain('jail-base-begun by alice');
  expect(events).toContain(`jail-base-built by alice base=${name}`);
  second = await claim('bob');
  expect(await versionIn(second)).toBe('one');
  expect(await versionIn(first)).toBe('none');
}, 120_000);

test('a jail that is repaired, or built again after the lab host lost its power, is on the base that it was', async () => {
  await lab.inside('sh', '-c', `echo 1 >/sys/fs/cgroup/labcli/${first.board}/cgroup.kill`);
  const answers = async () => {
    const deadline = performance.now() + 60_000;
    let versions: string[] = [];
    while (performance.now() < deadline) {
      versions = await Promise.all([versionIn(first), versionIn(second)]);
      if (!versions.includes('')) break;
      await sleep(300);
    }
    return versions;
  };
  expect(await answers()).toEqual(['none', 'one']);
  await lab.restart();
  expect(await answers()).toEqual(['none', 'one']);
}, 150_000);

test.each<[what: string, fault: string, told: RegExp]>([
  ['cannot be fetched', 'echo "E: no archive" >&2; exit 100', /E: no archive/],
  ['lacks a program', 'rm "$tree/usr/sbin/dnsmasq"', /it has no dnsmasq/],
  ['has a wrong sshd_config', 'echo Nonsense yes >>"$tree/etc/ssh/sshd_config"', /Bad configuration option: Nonsense/],
])(
  'a base that %s leaves the old one in place, and says why',
  async (_what, fault, told) => {
    const before = await current();
    const bases = await basesOnDisk();
    await standIn(fault);
    const { code, stdout, stderr } = await build();
    expect({ code, stdout }).toEqual({ code: 6, stdout: '' });
    expect(stderr).toMatch(told);
    expect(stderr).toMatch(/no new base was built .*the old one stays/);
    expect(await current()).toBe(before);
    expect(await basesOnDisk()).toEqual(bases);
    expect(await versionIn(second)).toBe('one');
  },
  60_000,
);

test('one base is built at a time, and a build whose jaild is killed leaves nothing but the old one', async () => {
  const before = await current();
  await standIn('sleep 1000');
  const running: Promise<Outcome> = build();
  await waitFor(async () => (await basesOnDisk()).some(name => name.startsWith('.new-')));
  expect(await build()).toMatchObject({ code: 5, stderr: expect.stringContaining('being built already') });
  process.kill(await lab.pidOf('jaild'), 'SIGKILL');
  expect((await running).code).toBe(7);
  await waitFor(async () => (await lab.inside('pgrep', '-x', 'mmdebstrap')).code !== 0);
  expect(await current()).toBe(before);
  await standIn(':');
  await edit('two');
  await waitFor(async () => (await build()).code === 0);
  expect(await current()).not.toBe(before);
  expect((await basesOnDisk()).filter(name => name.startsWith('.'))).toEqual([]);
}, 120_000);

test('a base that is no jail’s any more is removed, but for the one that new jails are built on', async () => {
  const newest = await current();
  expect((await basesOnDisk()).length).toBe(4);
  expect((await lab.ssh('labhost-bob', 'labcli', 'release')).code).toBe(0);
  await waitFor(async () => (await basesOnDisk()).length === 3);
  // `setup` is mounted from elsewhere: it is not jaild's to remove.
  expect((await basesOnDisk()).sort()).toEqual([newest, 'current', 'setup'].sort());
  expect((await lab.ssh('labhost', 'labcli', 'reinit')).code).toBe(0);
  expect(await versionIn(first)).toBe('two');
  expect((await lab.ssh('labhost', 'labcli', 'release')).code).toBe(0);
  await sleep(500);
  expect((await basesOnDisk()).sort()).toEqual([newest, 'current', 'setup'].sort());
}, 60_000);

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not in time: ${condition}`);
    await sleep(200);
  }
}
