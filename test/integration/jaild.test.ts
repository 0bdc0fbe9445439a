import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JailEvent } from '../../src/api/jail-messages.ts';
import { type JaildHost, startJaildHost } from './jaild-host.ts';

/** A jail from outside and inside, as its user, its board and its neighbours meet it. */
const labYaml = readFileSync(join(import.meta.dirname, '../../lab.yaml'), 'utf8')
  .replace('52:54:00:00:01:65', '52:54:00:00:01:01')
  .replace('52:54:00:00:01:66', '52:54:00:00:01:02');
const alice = { epoch: 3, user: 'alice', expiresAtMs: Date.UTC(2031, 4, 4, 9, 30) };
const bob = { ...alice, user: 'bob' };
const first = { handle: 'rockpro64-1', address: '10.77.0.101', gateway: '10.96.101.1', board: '10.96.101.100' };
const second = { handle: 'rockpro64-2', address: '10.77.0.102' };

let host: JaildHost;
beforeAll(async () => {
  host = await startJaildHost(labYaml);
  await host.startJaild();
  const answers = await Promise.all([host.build(first.handle, alice), host.build(second.handle, bob)]);
  expect(answers.map(({ events }) => events.at(-1))).toEqual([{ event: 'done' }, { event: 'done' }]);
});
afterAll(() => host?.stop());

const inFirst = (command: string) => host.ssh('alice', first.address, command);
const inSecond = (command: string) => host.ssh('bob', second.address, command);
const errorOf = (events: readonly JailEvent[] | undefined) =>
  (events?.at(-1) as { error?: { code: string; message: string } } | undefined)?.error;

describe('the claimant', () => {
  test('is root in a jail of their own, with a range of uids of their own', async () => {
    const { stdout } = await inFirst('id -un; hostname; cat /proc/self/uid_map; cat /proc/1/comm');
    expect(
      stdout
        .trim()
        .split('\n')
        .map(line => line.trim().replace(/ +/g, ' ')),
    ).toEqual(['root', first.handle, `0 ${0x6ffe_0000 + 101 * 65_536} 65536`, 'runsvdir']);
  });

  test('is greeted with what they need to know', async () => {
    const { stdout } = await inFirst('cat /etc/motd');
    for (const text of [first.handle, first.address, 'VLAN 101', '2031-05-04 09:30 UTC', 'labcli release']) {
      expect(stdout).toContain(text);
    }
  });

  test('is the only one who gets in', async () => {
    expect((await host.ssh('bob', first.address, 'true')).stderr).toContain('Permission denied');
  });

  test('reaches the world, and is reached from there by ssh alone', async () => {
    expect((await inFirst('ping -c 1 -W 2 198.51.100.1')).code).toBe(0);
    expect((await host.at('wan', 'socat', '-T', '1', `TCP:${first.address}:22,connect-timeout=2`, '-')).stdout).toMatch(
      /^SSH-2\.0/,
    );
    expect(
      (await host.at('wan', 'socat', '-T', '1', `TCP:${first.address}:2049,connect-timeout=1`, '-')).code,
    ).not.toBe(0);
  });

  test('restarts a service, and finds its log', async () => {
    expect((await inFirst('sv restart dnsmasq && tail -n 3 /var/log/dnsmasq/current')).code).toBe(0);
  });

  test('reads and writes the serial line as a device', async () => {
    const socket = `/run/labcli/jails/${first.handle}/console.sock`;
    const line = host.inside('socat', '-T', '3', `UNIX-LISTEN:${socket},mode=666`, 'SYSTEM:sed -u s/u-boot/U-BOOT/');
    await inFirst('until [ -e /dev/ttyBoard ]; do sleep 0.1; done');
    const { stdout } = await inFirst('exec 3<>/dev/ttyBoard; echo u-boot >&3; timeout --foreground 4 head -n 1 <&3');
    expect(stdout.trim()).toBe('U-BOOT');
    await line;
  });
});

describe('the board', () => {
  test('is given its address, its name and what to boot', async () => {
    const client = join(import.meta.dirname, 'dhcp-client.ts');
    const { stdout } = await host.at('board1', process.execPath, client, '52:54:00:00:01:01');
    expect(JSON.parse(stdout)).toEqual({
      address: first.board,
      server: first.gateway,
      bootFile: 'boot.scr.uimg',
      netmask: '255.255.255.0',
      router: first.gateway,
      nameServer: first.gateway,
      hostName: first.handle,
      rootPath: `${first.gateway}:/nfs/root`,
    });
  });

  test('is the only one who is given anything', async () => {
    const client = join(import.meta.dirname, 'dhcp-client.ts');
    const { stdout } = await host.at('board1', process.execPath, client, '52:54:00:00:01:02');
    expect(JSON.parse(stdout)).toBeNull();
  });

  test('fetches files over TFTP: the default ones, and those that the user puts there', async () => {
    await host.at('board1', 'ip', 'address', 'replace', `${first.board}/24`, 'dev', 'eth0');
    await inFirst('echo mine >/srv/tftp/mine');
    const fetchFile = (name: string) => host.at('board1', 'curl', '-sS', '-m', '5', `tftp://${first.gateway}/${name}`);
    expect((await fetchFile('boot.scr.uimg')).stdout).toBe('boot script\n');
    expect((await fetchFile('mine')).stdout).toBe('mine\n');
  });

  test('reads and writes its root over NFS, which the user sees as root, too', async () => {
    await host.at('board1', 'ip', 'address', 'replace', `${first.board}/24`, 'dev', 'eth0');
    const url = (path: string) => `nfs://${first.gateway}/nfs/root/${path}?version=4&uid=0&gid=0`;
    expect((await host.at('board1', 'nfs-cat', url('etc/issue'))).stdout).toBe("the board's root\n");
    await inFirst('echo changed in the jail >/srv/nfs/root/etc/issue');
    expect((await host.at('board1', 'nfs-cat', url('etc/issue'))).stdout).toBe('changed in the jail\n');
    expect((await host.at('board1', 'nfs-cp', '/etc/passwd', url('from-board'))).code).toBe(0);
    const { stdout } = await inFirst("stat -c '%u %g' /srv/nfs/root/from-board; head -c 4 /srv/nfs/root/from-board");
    expect(stdout).toBe('0 0\nroot');
  });

  test('is on a wire that the other board and the other jail are not on', async () => {
    await host.at('board2', 'ip', 'address', 'replace', '10.96.101.77/24', 'dev', 'eth0');
    expect((await host.at('board2', 'ping', '-c', '1', '-W', '1', first.gateway)).code).not.toBe(0);
    await host.at('board1', 'ip', 'address', 'replace', `${first.board}/24`, 'dev', 'eth0');
    expect((await host.at('board1', 'ping', '-c', '1', '-W', '1', first.gateway)).code).toBe(0);
  });
});

describe('a jail is closed:', () => {
  test('neither the lab host nor another jail is reached from it', async () => {
    const reach = (address: string, port: number) => `timeout 2 bash -c 'exec 3<>/dev/tcp/${address}/${port}'`;
    const attempts = [
      `ping -c 1 -W 1 ${second.address}`,
      reach(second.address, 22),
      reach('198.51.100.2', 22),
      reach('169.254.1.1', 22),
    ];
    const outcomes = await Promise.all(
      attempts.map(async attempt => [attempt, (await inFirst(attempt)).code] as const),
    );
    expect(outcomes.filter(([, code]) => code === 0)).toEqual([]);
  });

  test('an address of another jail is of no use', async () => {
    const { stdout } = await inFirst(
      `ip address add ${second.address}/32 dev eth0; ping -c 1 -W 1 -I ${second.address} 198.51.100.1; echo $?;` +
        ` ip address del ${second.address}/32 dev eth0`,
    );
    expect(stdout.trim().split('\n').at(-1)).toBe('1');
  });

  test('no namespace, mount or device can be made in it', async () => {
    for (const command of [
      'unshare --user true',
      'unshare --mount true',
      'mknod /tmp/null c 1 3',
      'echo 0 >/proc/sys/kernel/randomize_va_space',
      'echo 1 >/proc/sys/user/max_user_namespaces',
    ]) {
      expect([command, (await inFirst(command)).code]).not.toEqual([command, 0]);
    }
  });

  test('its processes are nobody on the lab host', async () => {
    const { stdout } = await host.inside('sh', '-c', 'cat /sys/fs/cgroup/labcli/rockpro64-1/cgroup.procs');
    const pids = stdout.trim().split('\n');
    expect(pids.length).toBeGreaterThan(3);
    const owners = await host.inside('stat', '-c', '%u', ...pids.map(pid => `/proc/${pid}`));
    const base = 0x6ffe_0000 + 101 * 65_536;
    for (const uid of owners.stdout.trim().split('\n').map(Number)) {
      expect(uid).toBeGreaterThanOrEqual(base);
      expect(uid).toBeLessThan(base + 65_536);
    }
  });

  test('the file server has no way to make devices, and sees its own file system alone', async () => {
    const { stdout } = await host.inside(
      'sh',
      '-c',
      'pid=$(head -n 1 /sys/fs/cgroup/labcli/rockpro64-1.nfs/cgroup.procs); grep -E "CapEff|NoNewPrivs" /proc/$pid/status;' +
        ' cut -d " " -f 2,3 /proc/$pid/mounts',
    );
    const [capabilities = '', noNewPrivileges = '', ...mounts] = stdout.trim().split('\n');
    const mknod = 1n << 27n;
    const admin = 1n << 21n;
    expect(BigInt(`0x${capabilities.split(/\s+/)[1]}`) & (mknod | admin)).toBe(0n);
    expect(noNewPrivileges).toMatch(/1$/);
    expect(mounts.sort()).toEqual(['/ tmpfs', '/srv/nfs ext4']);
  });
});

describe('jaild', () => {
  test('tells of complete jails, and does nothing for one that is complete', async () => {
    const { jails } = await host.inspect();
    expect(jails.map(({ board, epoch, state, missing }) => ({ board, epoch, state, missing }))).toEqual(
      [first, second].map(({ handle }) => ({ board: handle, epoch: 3, state: 'complete', missing: [] })),
    );
    expect((await host.build(first.handle, alice)).events).toEqual([{ event: 'done' }]);
  });

  test.each([
    ['a build', (epoch: number) => host.build(first.handle, { ...alice, epoch })],
    ['a renewal', (epoch: number) => host.renew(first.handle, { ...alice, user: 'bob', epoch })],
    ['exports', (epoch: number) => host.applyExports(first.handle, epoch, '/srv/nfs *(rw)\n')],
    ['a removal', (epoch: number) => host.remove(first.handle, epoch)],
  ])('refuses %s in the name of an epoch that is over', async (_name, call) => {
    const { status, events } = await call(2);
    expect([status, (events[0] as { error?: object }).error]).toEqual([409, expect.objectContaining({ code: 'busy' })]);
    expect((await inFirst('true')).code).toBe(0);
    expect((await host.ssh('bob', first.address, 'true')).code).not.toBe(0);
  });

  test('refuses the build of a new epoch while the old jail is there', async () => {
    expect((await host.build(second.handle, { ...bob, epoch: 4 })).status).toBe(409);
    expect((await inSecond('true')).code).toBe(0);
  });

  test.each([
    ['no-such-board', alice, 404],
    [first.handle, { ...alice, user: 'mallory' }, 404],
    [first.handle, { ...alice, epoch: -1 }, 400],
    [first.handle, { ...alice, path: '/etc' }, 400],
    ['..%2f..', alice, 400],
  ])('answers PUT %s %j with %d', async (board, body, status) => {
    expect((await host.build(board, body)).status).toBe(status);
  });

  test('brings back what was lost, and keeps what the user wrote', async () => {
    await inFirst('echo kept >/root/kept; echo kept >/srv/nfs/kept');
    const network = '--net=/run/labcli/jaild/rockpro64-1.net';
    await host.inside('nsenter', network, 'ip', 'link', 'delete', 'eth0');
    const { jails } = await host.inspect();
    expect(jails.find(({ board }) => board === first.handle)).toMatchObject({ state: 'partial', missing: ['uplink'] });
    expect((await host.build(first.handle, alice)).events.at(-1)).toEqual({ event: 'done' });
    await host.inside('sh', '-c', 'echo 1 >/sys/fs/cgroup/labcli/rockpro64-1/cgroup.kill');
    await host.inside('sh', '-c', 'echo 1 >/sys/fs/cgroup/labcli/rockpro64-1.nfs/cgroup.kill');
    expect((await host.build(first.handle, alice)).events.at(-1)).toEqual({ event: 'done' });
    expect((await inFirst('cat /root/kept /srv/nfs/kept')).stdout).toBe('kept\nkept\n');
  });

  test('starts anew without touching running jails', async () => {
    await inFirst('touch /run/still-the-same');
    await host.killJaild();
    await host.startJaild();
    expect((await host.inspect()).jails.map(({ state }) => state)).toEqual(['complete', 'complete']);
    expect((await inFirst('ls /run/still-the-same; ping -c 1 -W 2 198.51.100.1')).code).toBe(0);
  });

  test('gives a clean jail after a removal, even where the user left traps', async () => {
    await inFirst('rm -rf /etc/ssh /root/.ssh; ln -s /etc /root/.ssh; ln -s /proc/1/root /etc/ssh; echo >/root/kept');
    expect(errorOf((await host.remove(first.handle, 3)).events)).toBeUndefined();
    expect((await host.build(first.handle, { ...alice, epoch: 4 })).events.at(-1)).toEqual({ event: 'done' });
    expect((await inFirst('ls /root /srv/nfs; cat /srv/nfs/root/etc/issue')).stdout).toBe(
      "/root:\n\n/srv/nfs:\nlost+found\nroot\nthe board's root\n",
    );
    expect((await inSecond('true')).code).toBe(0);
  });

  test('goes on when the caller goes away', async () => {
    expect((await host.remove(second.handle, 3)).events.at(-1)).toEqual({ event: 'done' });
    await host.buildAndLeave(second.handle, { ...bob, epoch: 5 });
    // Answered only after the build: one operation at a time on a board.
    expect((await host.build(second.handle, { ...bob, epoch: 5 })).events).toEqual([{ event: 'done' }]);
    expect((await inSecond('hostname')).stdout).toBe(`${second.handle}\n`);
  });

  test('leaves nothing of removed jails', async () => {
    const answers = await Promise.all([host.remove(first.handle, 4), host.remove(second.handle, 5)]);
    expect(answers.map(({ events }) => events.at(-1))).toEqual([{ event: 'done' }, { event: 'done' }]);
    expect(await host.findTraces()).toEqual([]);
    expect((await host.inspect()).jails).toEqual([]);
    expect((await host.remove(first.handle, 4)).events.at(-1)).toEqual({ event: 'done' });
  });
});
