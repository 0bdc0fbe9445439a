import { type AttackBench, epoch, expiresAtMs, other, own, startAttackBench } from './nfs-attack-bench.ts';
import { compound, mount, notDirectory, ok, operation } from './nfs-client.ts';

/** Names, links and device files, of a board with a client of its own making and of a user with root in the jail. */
let bench: AttackBench;
beforeAll(async () => {
  bench = await startAttackBench();
});
afterAll(() => bench?.stop());

describe('NFSv3', () => {
  test('mounts what is exported and nothing else, whatever the path', async () => {
    const { mountd } = await bench.attack(own, '/srv/nfs/shown');
    for (const path of [
      '/',
      '/etc',
      '/srv',
      '/srv/nfs/..',
      '/srv/nfs/../../etc',
      '/nfs/../../../etc',
      '/srv/nfs/shown/../../../etc',
      '/srv/nfs/etc-link',
      '/srv/nfs/etc-link/ganesha',
      '/srv/nfs/../nfs/passwd-link',
      '/proc/1/root',
      '/run',
      `/srv/nfs/${'a'.repeat(900)}`,
      '',
    ]) {
      expect({ path, isRefused: (await mount(mountd, path)).status !== ok }).toEqual({ path, isRefused: true });
    }
  });

  test('looks up names in a folder: a path, `..` and a link lead to nothing outside', async () => {
    const { nfs, root } = await bench.attack(own);
    const { attributes } = await nfs.getAttributes(root);
    expect((await nfs.read((await nfs.lookUp(root, 'public')).handle)).text).toBe('public\n');
    // This server takes a name with a slash for a path.
    expect((await nfs.lookUp(root, 'hidden/file')).status).toBe(ok);
    const upwards = [
      '../../etc/passwd',
      '../../../proc/1/environ',
      'hidden/../../../etc/passwd',
      '../..',
      '../../srv',
      '../../run',
    ];
    const elsewhere = ['/', '/srv', '/etc/passwd', '/etc/ganesha/ganesha.conf', '/run', '/dev/null', '/proc/1'];
    for (const name of [...upwards, ...elsewhere, 'etc-link/passwd', '', '.'.repeat(300)]) {
      const { status } = await nfs.lookUp(root, name);
      expect({ name, isFound: status === ok }).toEqual({ name, isFound: false });
    }
    expect((await nfs.makeFolder(root, 'hidden/folder')).status).toBe(ok);
    for (const name of [
      '/folder',
      '/srv/folder',
      '../folder',
      '/run/folder',
      '/tmp/folder',
      '../../run/folder',
      '/dev/folder',
      '/var/lib/nfs/folder',
    ]) {
      expect({ name, isMade: (await nfs.makeFolder(root, name)).status === ok }).toEqual({ name, isMade: false });
    }
    let above = root;
    for (let step = 0; step < 5; step++) {
      const up = await nfs.lookUp(above, '..');
      if (up.status !== ok) break;
      above = up.handle;
      expect((await nfs.getAttributes(above)).attributes).toMatchObject({
        fsid: attributes?.fsid,
        fileid: attributes?.fileid,
      });
    }
    for (const name of ['etc-link', 'passwd-link']) {
      const link = (await nfs.lookUp(root, name)).handle;
      expect((await nfs.getAttributes(link)).attributes).toMatchObject({ type: 5, fsid: attributes?.fsid });
      expect((await nfs.lookUp(link, 'passwd')).status).toBe(notDirectory);
      expect(await nfs.read(link)).not.toMatchObject({ status: ok });
    }
  });

  test('a name that nfs-ganesha does not survive ends the own server alone, until it is built again', async () => {
    const [mine, theirs] = [await bench.attack(own), await bench.attack(other)];
    await expect(mine.nfs.lookUp(mine.root, 'hidden/..')).rejects.toThrow('does not answer');
    expect((await theirs.nfs.lookUp(theirs.root, 'hidden')).status).toBe(ok);
    expect((await bench.host.inspect()).jails.map(({ state }) => state)).toEqual(['partial', 'complete']);
    await bench.host.build(own.handle, { epoch, user: own.user, expiresAtMs });
    const again = await bench.attack(own);
    // What a board has mounted stays valid.
    expect((await again.nfs.getAttributes(mine.root)).status).toBe(ok);
  });

  test('makes no device files; a FIFO is harmless', async () => {
    const { nfs, root } = await bench.attack(own);
    expect(await nfs.makeNode(root, 'fifo', 7)).toBe(ok);
    expect(await nfs.makeNode(root, 'block', 3)).not.toBe(ok);
    expect(await nfs.makeNode(root, 'char', 4)).not.toBe(ok);
    expect((await bench.host.ssh(own.user, own.jail, 'cd /srv/nfs && ls -l fifo block char')).stdout).toMatch(
      /^p\S+ .* fifo\n$/,
    );
  });

  test('a link that the board makes ends in the jail, for the jail, and nowhere for the lab host', async () => {
    const { nfs, root } = await bench.attack(own);
    expect(await nfs.makeLink(root, 'board-link', '/etc/hostname')).toBe(ok);
    expect((await bench.host.ssh(own.user, own.jail, 'cat /srv/nfs/board-link')).stdout).toBe(`${own.handle}\n`);
    // The mount that the server has, from the lab bench.host.
    const onHost = (program: string, name: string) =>
      bench.host.inside(program, `/var/lib/labcli/jaild/jails/${own.handle}/private/nfs/${name}`);
    expect((await onHost('readlink', 'board-link')).stdout).toBe('/etc/hostname\n');
    expect(await onHost('cat', 'board-link')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Too many levels of symbolic links'),
    });
    expect((await onHost('cat', 'public')).stdout).toBe('public\n');
    expect(await nfs.makeHardLink((await nfs.lookUp(root, 'public')).handle, root, 'second-name')).toBe(ok);
    expect((await onHost('cat', 'second-name')).stdout).toBe('public\n');
  });
});

describe('NFSv4', () => {
  test('`..` and paths are no names, and above the root there is nothing', async () => {
    const { rpc } = await bench.attack(own);
    const look = (...names: string[]) => compound(rpc, operation.putRoot, ...names.map(operation.lookUp));
    expect((await look('srv', 'nfs', 'public')).status).toBe(ok);
    for (const names of [
      ['..'],
      ['srv', '..'],
      ['nfs', '..', 'etc'],
      ['nfs', '../etc'],
      ['etc'],
      ['nfs', 'etc-link', 'passwd'],
    ]) {
      expect({ names, isFound: (await look(...names)).status === ok }).toEqual({ names, isFound: false });
    }
    const up = Array.from({ length: 8 }, () => operation.lookUpParent);
    const top = await compound(rpc, operation.putRoot, operation.lookUp('nfs'), ...up, operation.lookUp('etc'));
    expect(top.status).not.toBe(ok);
  });

  test('makes no device files; a FIFO is harmless', async () => {
    const { rpc } = await bench.attack(own);
    const make = (create: Buffer) => compound(rpc, operation.putRoot, operation.lookUp('nfs'), create);
    expect((await make(operation.makeFifo('fifo4'))).status).toBe(ok);
    expect((await make(operation.makeDevice('char4'))).status).not.toBe(ok);
  });
});

describe('the user, who is root in the jail,', () => {
  const inJail = (command: string) => bench.host.ssh(own.user, own.jail, command);
  const exported = async (text: string) => (await bench.host.applyExports(own.handle, epoch, text)).status;

  test('exports no link, nor what a folder became that was exported', async () => {
    expect(await exported('/srv/nfs/etc-link *(rw)')).toBe(400);
    expect(await exported('/srv/nfs/etc-link/ganesha *(rw)')).toBe(400);
    expect(await exported('/srv/nfs *(ro)\n/srv/nfs/shown *(rw,no_root_squash)')).toBe(200);
    await inJail('cd /srv/nfs && rmdir shown && ln -s /etc shown');
    await bench.host.inside('sh', '-c', `echo 1 >/sys/fs/cgroup/labcli/${own.handle}.nfs/cgroup.kill`);
    const { events } = await bench.host.build(own.handle, { epoch, user: own.user, expiresAtMs });
    expect(events.at(-1)).toEqual({ event: 'done' });
    const { mountd, nfs, root } = await bench.attack(own);
    expect((await mount(mountd, '/srv/nfs/shown')).status).not.toBe(ok);
    expect((await nfs.lookUp((await nfs.lookUp(root, 'shown')).handle, 'passwd')).status).toBe(notDirectory);
  });

  test('makes no device file in what is exported', async () => {
    expect((await inJail('mknod /srv/nfs/fifo-of-jail p')).code).toBe(0);
    expect((await inJail('mknod /srv/nfs/null c 1 3')).code).not.toBe(0);
  });
});
