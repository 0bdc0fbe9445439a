import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JaildHost, startJaildHost } from './jaild-host.ts';

/** The file server as a board and its user meet it. */
const labYaml = readFileSync(join(import.meta.dirname, '../../lab.yaml'), 'utf8')
  .replace('52:54:00:00:01:65', '52:54:00:00:01:01')
  .replace('52:54:00:00:01:66', '52:54:00:00:01:02');
const handle = 'rockpro64-1';
const gateway = '10.96.101.1';
const epoch = 3;

let host: JaildHost;
beforeAll(async () => {
  host = await startJaildHost(labYaml);
  await host.startJaild();
  const { events } = await host.build(handle, { epoch, user: 'alice', expiresAtMs: Date.UTC(2031, 4, 4) });
  expect(events.at(-1)).toEqual({ event: 'done' });
  await host.at('board1', 'ip', 'address', 'replace', '10.96.101.100/24', 'dev', 'eth0');
});
afterAll(() => host?.stop());

const inJail = (command: string) => host.ssh('alice', '10.77.0.101', command);
const url = (version: number, path: string, uid = 0) =>
  `nfs://${gateway}${path}?version=${version}&uid=${uid}&gid=${uid}`;
const board = (program: string, ...args: readonly string[]) => host.at('board1', program, ...args);
const apply = (text: string) => host.applyExports(handle, epoch, text);
const messageOf = async (text: string) => {
  const { status, events } = await apply(text);
  return { status, message: (events[0] as unknown as { error: { message: string } }).error.message };
};

describe.each([3, 4])('NFS version %d', version => {
  test('shows the root file system of the class, by the name in /etc/exports and by the short one', async () => {
    for (const root of ['/srv/nfs/root', '/nfs/root']) {
      expect((await board('nfs-cat', url(version, `${root}/etc/issue`))).stdout).toBe("the board's root\n");
    }
  });

  test('has the same uids on both sides', async () => {
    await inJail(`mkdir -p /srv/nfs/ids${version} && chmod 777 /srv/nfs/ids${version}`);
    for (const uid of [0, 1000]) {
      const name = `/ids${version}/board-${uid}`;
      expect((await board('nfs-cp', '/etc/hostname', url(version, `/nfs${name}`, uid))).code).toBe(0);
      expect((await inJail(`stat -c '%u %g' /srv/nfs${name}`)).stdout).toBe(`${uid} ${uid}\n`);
    }
    await inJail(`cd /srv/nfs/ids${version} && echo mine >jail && chown 33:44 jail && chmod 640 jail`);
    expect((await board('nfs-ls', url(version, `/nfs/ids${version}`))).stdout).toMatch(/-rw-r----- +1 +33 +44 +5 jail/);
    expect((await board('nfs-cat', url(version, `/nfs/ids${version}/jail`, 33))).stdout).toBe('mine\n');
    expect((await board('nfs-cat', url(version, `/nfs/ids${version}/jail`, 34))).stdout).toBe('');
  });

  test('shows what the jail unpacks and changes at once, also when it is large', async () => {
    await inJail(`head -c 64M /dev/urandom >/srv/nfs/kernel${version}`);
    expect((await board('nfs-cp', url(version, `/nfs/kernel${version}`), `/run/kernel${version}`)).code).toBe(0);
    const sum = async (outcome: Promise<{ stdout: string }>) => (await outcome).stdout.split(' ')[0];
    expect(await sum(board('sha256sum', `/run/kernel${version}`))).toBe(
      await sum(inJail(`sha256sum /srv/nfs/kernel${version}`)),
    );
    await inJail(`echo changed >/srv/nfs/kernel${version}`);
    expect((await board('nfs-cat', url(version, `/nfs/kernel${version}`))).stdout).toBe('changed\n');
  });

  test('exports what the user wants, as the user wants it', async () => {
    await inJail(
      `cd /srv/nfs && mkdir -p ro${version}/deep rw${version} && echo text >ro${version}/deep/file && chmod 777 rw${version}`,
    );
    const text = `/srv/nfs/ro${version} *(ro,no_root_squash)\n/srv/nfs/rw${version} 10.96.101.100(rw) *(ro)\n`;
    expect(await apply(text)).toMatchObject({ status: 200 });
    expect((await board('nfs-cat', url(version, `/srv/nfs/ro${version}/deep/file`))).stdout).toBe('text\n');
    expect((await board('nfs-cp', '/etc/hostname', url(version, `/srv/nfs/ro${version}/new`))).code).not.toBe(0);
    expect((await board('nfs-cp', '/etc/hostname', url(version, `/srv/nfs/rw${version}/new`))).code).toBe(0);
    // root_squash is what exports(5) does when it is told nothing.
    expect((await inJail(`stat -c '%u %g' /srv/nfs/rw${version}/new`)).stdout).toBe('65534 65534\n');
    expect((await board('nfs-ls', url(version, '/nfs/root'))).code).not.toBe(0);
    await board('ip', 'address', 'add', '10.96.101.50/24', 'dev', 'eth0');
    await board('ip', 'address', 'del', '10.96.101.100/24', 'dev', 'eth0');
    expect((await board('nfs-cp', '/etc/hostname', url(version, `/srv/nfs/rw${version}/more`))).code).not.toBe(0);
    await board('ip', 'address', 'del', '10.96.101.50/24', 'dev', 'eth0');
    await board('ip', 'address', 'add', '10.96.101.100/24', 'dev', 'eth0');
    expect((await board('nfs-ls', url(version, `/srv/nfs/ro${version}`))).code).toBe(0);
  });

  test('exports them again after the file server was killed', async () => {
    await host.inside('sh', '-c', `echo 1 >/sys/fs/cgroup/labcli/${handle}.nfs/cgroup.kill`);
    await inJail(`rm -r /srv/nfs/rw${version}`);
    const again = await host.build(handle, { epoch, user: 'alice', expiresAtMs: Date.UTC(2031, 4, 4) });
    expect(again.events.at(-1)).toEqual({ event: 'done' });
    expect((await board('nfs-cat', url(version, `/nfs/ro${version}/deep/file`))).stdout).toBe('text\n');
    expect((await board('nfs-ls', url(version, '/nfs/root'))).code).not.toBe(0);
    const initial = (await inJail('cat /etc/exports')).stdout;
    expect(await apply(initial)).toMatchObject({ status: 200, events: [{ exports: ['/srv/nfs'] }] });
    expect((await board('nfs-ls', url(version, '/nfs/root'))).code).toBe(0);
  });
});

test('a mistake in /etc/exports is told with its line, and changes nothing', async () => {
  expect(await messageOf('# mine\n/srv/nfs *(rw)\n/etc *(ro)\n')).toEqual({
    status: 400,
    message: '/etc/exports line 3: a path is /srv/nfs or a folder below it',
  });
  expect((await messageOf('/srv/nfs/no-such-folder *')).message).toContain(
    'there is no folder /srv/nfs/no-such-folder',
  );
  expect((await board('nfs-cat', url(4, '/nfs/root/etc/issue'))).stdout).toBe("the board's root\n");
});

test('an epoch that is over, or that never was, changes no exports', async () => {
  for (const other of [epoch - 1, epoch + 1]) {
    expect((await host.applyExports(handle, other, '')).status).toBe(409);
  }
  expect((await board('nfs-ls', url(3, '/nfs/root'))).code).toBe(0);
});

test('rpcbind that ended is missed, and started again', async () => {
  const kill = `for pid in $(cat /sys/fs/cgroup/labcli/${handle}.nfs/cgroup.procs); do
    if [ "$(cat /proc/$pid/comm)" = rpcbind ]; then kill -9 $pid; fi; done`;
  await host.inside('sh', '-c', kill);
  expect((await host.inspect()).jails[0]).toMatchObject({
    state: 'partial',
    missing: ['file-server: rpcbind does not listen on port 111'],
  });
  await host.build(handle, { epoch, user: 'alice', expiresAtMs: Date.UTC(2031, 4, 4) });
  expect((await board('nfs-ls', url(3, '/nfs/root'))).code).toBe(0);
});

test('rpcbind runs as nobody in particular, with no powers', async () => {
  const read = `for pid in $(cat /sys/fs/cgroup/labcli/${handle}.nfs/cgroup.procs); do
    if [ "$(cat /proc/$pid/comm)" = rpcbind ]; then grep -E '^(Uid|CapEff)' /proc/$pid/status; fi; done`;
  const { stdout } = await host.inside('sh', '-c', read);
  expect(stdout).toMatch(/^Uid:\t[1-9]/m);
  expect(stdout).toMatch(/^CapEff:\t0+$/m);
});

test('the file server is on the wire of the board alone', async () => {
  const knock = (place: 'board1' | 'board2' | 'wan', address: string, port: number) =>
    host.at(place, 'socat', '-u', `TCP:${address}:${port},connect-timeout=1`, 'STDOUT');
  await host.at('board2', 'ip', 'address', 'replace', '10.96.101.77/24', 'dev', 'eth0');
  for (const port of [111, 2049, 20_048]) {
    const reached = host.at('board1', 'socat', '-u', '/dev/null', `TCP:${gateway}:${port},connect-timeout=1`);
    expect({ port, code: (await reached).code }).toEqual({ port, code: 0 });
    expect((await knock('wan', '10.77.0.101', port)).code).not.toBe(0);
    expect((await knock('wan', gateway, port)).code).not.toBe(0);
    expect((await knock('board2', gateway, port)).code).not.toBe(0);
  }
});
