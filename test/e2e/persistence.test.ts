import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BoardList, ClaimedBoard } from '../../src/api/messages.ts';
import { converse } from '../../src/vhost/conversation.ts';
import { type LabUnderTest, startLab, tracesOfJails } from './lab-under-test.ts';

/** What a user keeps outlives every restart, and nothing of it outlives the claim. Each test goes on where the last one stopped. */
const secret = `kept-${randomBytes(12).toString('hex')}`;
let lab: LabUnderTest;
let board: string;
beforeAll(async () => {
  lab = await startLab();
  ({ board } = await lab.json<ClaimedBoard>('alice', 'claim', 'rockpro64'));
}, 90_000);
afterAll(() => lab?.stop());

const inJail = (command: string) => lab.ssh(board, '-o', 'ConnectTimeout=5', command);
/** Files of the lab host, of whatever kind, that have the secret in them. */
const filesWithSecret = async () =>
  (await lab.inside('grep', '-rlsF', secret, '/var/lib/labcli/jaild', '/var/lib/labcli/labd', '/run/log')).stdout;

const keep = `set -e
  for folder in /root /srv/nfs /srv/nfs/root /srv/tftp /var/lib/misc /home; do echo ${secret} >$folder/kept; done
  echo "9999999999 52:54:00:00:00:01 10.96.0.9 ${secret} *" >>/var/lib/misc/dnsmasq.leases
  mkdir -p /tmp/package/DEBIAN /tmp/package/usr/share/kept
  printf 'Package: kept\\nVersion: 1\\nArchitecture: all\\nMaintainer: nobody <nobody@localhost>\\nDescription: kept\\n' \\
    >/tmp/package/DEBIAN/control
  echo ${secret} >/tmp/package/usr/share/kept/file
  dpkg-deb --build /tmp/package /tmp/kept.deb >/dev/null
  dpkg --install /tmp/kept.deb >/dev/null
  echo '/srv/nfs/root *(ro,no_root_squash)' >/etc/exports
  exportfs -r
  chown 1000:1000 /srv/nfs/kept /root/kept
  sync -f /root; sync -f /srv/nfs`;

async function expectKept(): Promise<void> {
  const look = `cat /root/kept /srv/nfs/kept /srv/nfs/root/kept /srv/tftp/kept /usr/share/kept/file
    dpkg-query -W -f '\${Status}\\n' kept; stat -c %u /srv/nfs/kept /root/kept; cat /etc/exports`;
  const deadline = performance.now() + 60_000;
  let stdout = '';
  while (performance.now() < deadline) {
    ({ stdout } = await inJail(look));
    if (stdout !== '') break;
    await sleep(200);
  }
  expect(stdout.split('\n')).toEqual([
    ...Array.from({ length: 5 }, () => secret),
    'install ok installed',
    '1000',
    '1000',
    '/srv/nfs/root *(ro,no_root_squash)',
    '',
  ]);
  const [mine] = (await lab.json<BoardList>('alice', 'status')).boards.filter(({ user }) => user === 'alice');
  expect(mine).toMatchObject({ handle: board, state: 'claimed' });
  // The exports that were applied, and not those of a first claim.
  const exports = 'cat $(find /var/lib/labcli/jaild/jails -name ganesha.conf)';
  expect((await lab.inside('sh', '-c', exports)).stdout).toMatch(/Path = "\/srv\/nfs\/root";[\s\S]*Access_Type = RO;/);
}

/** What a reader of the console is shown first. */
async function readConsole(user: string): Promise<string> {
  const reader = converse('ssh', ['-F', lab.host.sshConfig, `labhost-${user}`, 'labcli', 'console', board]);
  await sleep(1500);
  reader.kill();
  return reader.transcript();
}

test('the user keeps files, a package, exports; labcli exports apply takes effect from inside the jail', async () => {
  const { code, stdout, stderr } = await inJail(keep);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toBe('exported: /srv/nfs/root\n');
  await expectKept();
  // The search finds it while it is there.
  expect(await filesWithSecret()).toMatch(/\/private\//);
});

test('a mistake in /etc/exports is told in the jail, with its line', async () => {
  const { code, stderr } = await inJail(
    'echo "/etc *(ro)" >>/etc/exports; exportfs -r; code=$?; sed -i 2d /etc/exports; exit $code',
  );
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: 'labcli: /etc/exports line 2: a path is /srv/nfs or a folder below it\n  nothing was changed\n',
  });
});

test.each(['labd', 'jaild'])(
  'all of it is there after %s was killed',
  async daemon => {
    process.kill(await lab.pidOf(daemon), 'SIGKILL');
    await expectKept();
  },
  90_000,
);

test('all of it is there after the lab host lost its power and booted again', async () => {
  await lab.restart();
  await expectKept();
}, 150_000);

test('the console shows what was said before', async () => {
  // The board's end of its serial cable.
  await lab.inside('sh', '-c', `echo ${secret} >/run/vlab/tty/${board}.board`);
  expect(await readConsole('alice')).toContain(secret);
}, 30_000);

test('nothing of it is there after reinit', async () => {
  expect((await lab.ssh('labhost', 'labcli', 'reinit')).code).toBe(0);
  const { stdout } = await inJail('ls /root/kept /srv/nfs/kept /srv/tftp/kept /usr/share/kept; dpkg -l kept');
  expect(stdout).toBe('');
  expect((await inJail(`hostname; grep -rlsF ${secret} /root /srv /var /home /usr/share /etc`)).stdout).toBe(
    `${board}\n`,
  );
  expect((await inJail('cat /etc/exports')).stdout).toMatch(/^\/srv\/nfs \*\(rw,no_root_squash\)$/m);
  expect(await readConsole('alice')).not.toContain(secret);
  expect(await filesWithSecret()).toBe('');
}, 60_000);

test('nothing of it is there after release, for the next claim and on the lab host', async () => {
  expect((await inJail(keep)).code).toBe(0);
  expect(await filesWithSecret()).not.toBe('');
  expect((await lab.ssh('labhost', 'labcli', 'release')).code).toBe(0);
  expect(await filesWithSecret()).toBe('');
  const claims = [
    await lab.json<ClaimedBoard>('bob', 'claim', 'rockpro64'),
    await lab.json<ClaimedBoard>('bob', 'claim', 'rockpro64'),
  ];
  const again = claims.find(claim => claim.board === board);
  // By its address, for the handle leads through the lab host as alice.
  const look = `hostname; grep -rlsF ${secret} /root /srv /var /home /usr/share /etc`;
  expect((await lab.ssh(`root@${again?.jailAddress}`, look)).stdout).toBe(`${board}\n`);
  expect(await readConsole('bob')).not.toContain(secret);
  for (const claim of claims) expect((await lab.ssh('labhost-bob', 'labcli', 'release', claim.board)).code).toBe(0);
  expect(await tracesOfJails(lab)).toBe('');
}, 90_000);
