import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JaildHost, startJaildHost } from './jaild-host.ts';
import { compound, createNfs3, findHandle, mount, notDirectory, ok, operation } from './nfs-client.ts';
import { createRpcClient, opaque, type RpcClient } from './onc-rpc.ts';

/** A board with a client of its own making, and a user with root in the jail, against the file server. */
const labYaml = readFileSync(join(import.meta.dirname, '../../lab.yaml'), 'utf8')
  .replace('52:54:00:00:01:65', '52:54:00:00:01:01')
  .replace('52:54:00:00:01:66', '52:54:00:00:01:02');
const epoch = 1;
const expiresAtMs = Date.UTC(2031, 4, 4);
const boards = [
  { handle: 'rockpro64-1', user: 'alice', jail: '10.77.0.101', gateway: '10.96.101.1', place: 'board1' },
  { handle: 'rockpro64-2', user: 'bob', jail: '10.77.0.102', gateway: '10.96.102.1', place: 'board2' },
] as const;
const [own, other] = boards;

let host: JaildHost;
const clients: RpcClient[] = [];
beforeAll(async () => {
  host = await startJaildHost(labYaml);
  await host.startJaild();
  for (const { handle, user, place, gateway } of boards) {
    const { events } = await host.build(handle, { epoch, user, expiresAtMs });
    expect(events.at(-1)).toEqual({ event: 'done' });
    await host.at(place, 'ip', 'address', 'replace', gateway.replace(/1$/, '100/24'), 'dev', 'eth0');
  }
  for (const { user, jail, handle } of boards) {
    const files = `echo secret of ${handle} >secret; echo public >public; mkdir -p shown hidden; echo hidden >hidden/file`;
    await host.ssh(user, jail, `cd /srv/nfs && ${files} && ln -s /etc etc-link && ln -s /etc/passwd passwd-link`);
  }
});
afterAll(async () => {
  for (const client of clients) client.close();
  await host?.stop();
});

function connect({ place, gateway }: (typeof boards)[number], port: number): RpcClient {
  const client = createRpcClient(host.startAt(place, 'socat', 'STDIO', `TCP:${gateway}:${port}`));
  clients.push(client);
  return client;
}

/** NFSv3 and the handle of a board's whole file system. */
async function attack(target: (typeof boards)[number], path = '/nfs') {
  const mountd = connect(target, 20_048);
  const { status, handle } = await mount(mountd, path);
  expect({ path, status }).toEqual({ path, status: ok });
  const rpc = connect(target, 2049);
  return { mountd, rpc, nfs: createNfs3(rpc), root: handle };
}

/** The same handle, for another inode of its file system: ext4 takes generation 0 for any. */
function forgeInode(handle: Buffer, from: bigint, to: number): Buffer {
  const inode = Buffer.alloc(4);
  inode.writeUInt32LE(Number(from));
  const at = handle.lastIndexOf(inode);
  expect(at).toBeGreaterThan(0);
  const forged = Buffer.from(handle);
  forged.writeUInt32LE(to, at);
  forged.writeUInt32LE(0, at + 4);
  return forged;
}

describe('NFSv3', () => {
  test('mounts what is exported and nothing else, whatever the path', async () => {
    const { mountd } = await attack(own, '/srv/nfs/shown');
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
    const { nfs, root } = await attack(own);
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

  test('a forged handle reaches files of its own file system, and no others', async () => {
    const { nfs, root } = await attack(own);
    const top = (await nfs.getAttributes(root)).attributes;
    const file = await nfs.lookUp(root, 'public');
    const { attributes } = await nfs.getAttributes(file.handle);
    if (!attributes || !top) throw new Error('no attributes');
    // The forgery works: it reaches what no export shows by that name.
    const hidden = await nfs.lookUp((await nfs.lookUp(root, 'hidden')).handle, 'file');
    const inode = Number((await nfs.getAttributes(hidden.handle)).attributes?.fileid);
    const forged = forgeInode(file.handle, attributes.fileid, inode);
    expect(forged.equals(hidden.handle)).toBe(false);
    expect((await nfs.read(forged)).text).toBe('hidden\n');
    const reached = new Set<bigint>();
    const inodes = Array.from({ length: 64 }, (_, index) => [index + 1, inode - 32 + index]).flat();
    for (const number of inodes) {
      const found = await nfs.getAttributes(forgeInode(file.handle, attributes.fileid, number));
      if (found.attributes) {
        expect(found.attributes.fsid).toBe(attributes.fsid);
        reached.add(found.attributes.fileid);
      }
    }
    expect(reached.has(top.fileid)).toBe(true);
    expect(reached.has(BigInt(inode))).toBe(true);
    expect(reached.size).toBeLessThan(40);
  });

  test("a handle that another jail's server gave reads that jail's file there, and not here", async () => {
    const mine = await attack(own);
    const theirs = await attack(other);
    const { handle } = await theirs.nfs.lookUp(theirs.root, 'secret');
    expect((await theirs.nfs.read(handle)).text).toBe('secret of rockpro64-2\n');
    expect((await mine.nfs.read(handle)).text).not.toContain('rockpro64-2');
    const { attributes } = await theirs.nfs.getAttributes(handle);
    for (const inode of [2, 11, 12, 13, 14, 15, Number(attributes?.fileid)]) {
      const { text } = await mine.nfs.read(forgeInode(handle, attributes?.fileid ?? 0n, inode));
      expect(text).not.toContain('rockpro64-2');
    }
  });

  test('the file systems of the lab host have no handles here', async () => {
    const { nfs, root } = await attack(own);
    const top = (await nfs.getAttributes(root)).attributes;
    if (!top) throw new Error('no attributes');
    const mountinfo = await host.inside('cat', '/proc/self/mountinfo');
    const devices = new Set(mountinfo.stdout.split('\n').map(line => line.split(' ')[2] ?? ''));
    expect(devices.size).toBeGreaterThan(5);
    let tried = 0;
    for (const device of devices) {
      const [major = 0, minor = 0] = device.split(':').map(Number);
      const words = [major, minor, (major << 8) | minor, (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)];
      for (const first of words) {
        for (const second of words) {
          // Wherever the number of the file system may be in the handle.
          for (let at = 4; at + 8 <= root.length; at++) {
            const forged = Buffer.from(root);
            forged.writeUInt32LE(first >>> 0, at);
            forged.writeUInt32LE(second >>> 0, at + 4);
            const { attributes } = await nfs.getAttributes(forged);
            tried++;
            if (attributes) expect(attributes.fsid).toBe(top.fsid);
          }
        }
      }
    }
    expect(tried).toBeGreaterThan(100);
    expect((await nfs.getAttributes(root)).status).toBe(ok);
  });

  test('handles of random bytes and of every length are refused, and the server goes on', async () => {
    const { nfs, root, rpc } = await attack(own);
    for (let length = 0; length <= 64; length++) {
      const random = await nfs.getAttributes(randomBytes(length)).catch(() => ({ status: -1 }));
      expect({ length, status: random.status }).not.toEqual({ length, status: ok });
      const cut = await nfs.getAttributes(root.subarray(0, length)).catch(() => ({ status: -1 }));
      if (length < root.length) expect({ length, status: cut.status }).not.toEqual({ length, status: ok });
    }
    await expect(rpc.call(100_003, 3, 1, opaque(Buffer.alloc(4096)))).rejects.toThrow();
    const again = await attack(own);
    expect((await again.nfs.getAttributes(again.root)).status).toBe(ok);
  });

  test('a name that nfs-ganesha does not survive ends the own server alone, until it is built again', async () => {
    const [mine, theirs] = [await attack(own), await attack(other)];
    await expect(mine.nfs.lookUp(mine.root, 'hidden/..')).rejects.toThrow('does not answer');
    expect((await theirs.nfs.lookUp(theirs.root, 'hidden')).status).toBe(ok);
    expect((await host.inspect()).jails.map(({ state }) => state)).toEqual(['partial', 'complete']);
    await host.build(own.handle, { epoch, user: own.user, expiresAtMs });
    const again = await attack(own);
    // What a board has mounted stays valid.
    expect((await again.nfs.getAttributes(mine.root)).status).toBe(ok);
  });

  test('makes no device files; a FIFO is harmless', async () => {
    const { nfs, root } = await attack(own);
    expect(await nfs.makeNode(root, 'fifo', 7)).toBe(ok);
    expect(await nfs.makeNode(root, 'block', 3)).not.toBe(ok);
    expect(await nfs.makeNode(root, 'char', 4)).not.toBe(ok);
    expect((await host.ssh(own.user, own.jail, 'cd /srv/nfs && ls -l fifo block char')).stdout).toMatch(
      /^p\S+ .* fifo\n$/,
    );
  });

  test('a link that the board makes ends in the jail, for the jail, and nowhere for the lab host', async () => {
    const { nfs, root } = await attack(own);
    expect(await nfs.makeLink(root, 'board-link', '/etc/hostname')).toBe(ok);
    expect((await host.ssh(own.user, own.jail, 'cat /srv/nfs/board-link')).stdout).toBe(`${own.handle}\n`);
    // The mount that the server has, from the lab host.
    const onHost = (program: string, name: string) =>
      host.inside(program, `/var/lib/labcli/jaild/jails/${own.handle}/private/nfs/${name}`);
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
    const { rpc } = await attack(own);
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

  test('a forged handle reaches no other jail', async () => {
    const [mine, theirs] = [connect(own, 2049), connect(other, 2049)];
    const secret = await findHandle(theirs, ['nfs', 'secret']);
    const read = async (rpc: RpcClient, handle: Buffer) => {
      const { status, reader } = await compound(rpc, operation.put(handle), operation.read);
      if (status !== ok) return '';
      // PUTFH's number and status, READ's number and status, and whether the file ends here.
      reader.skip(5 * 4);
      return reader.opaque().toString('latin1');
    };
    expect(await read(theirs, secret)).toBe('secret of rockpro64-2\n');
    expect(await read(mine, secret)).not.toContain('rockpro64-2');
    for (let round = 0; round < 200; round++) {
      const forged = Buffer.concat([secret.subarray(0, round % secret.length), randomBytes(round % 64)]);
      expect(await read(mine, forged.subarray(0, 128)).catch(() => '')).not.toContain('rockpro64-2');
    }
    expect(await read(connect(own, 2049), await findHandle(connect(own, 2049), ['nfs', 'public']))).toBe('public\n');
  });

  test('makes no device files; a FIFO is harmless', async () => {
    const { rpc } = await attack(own);
    const make = (create: Buffer) => compound(rpc, operation.putRoot, operation.lookUp('nfs'), create);
    expect((await make(operation.makeFifo('fifo4'))).status).toBe(ok);
    expect((await make(operation.makeDevice('char4'))).status).not.toBe(ok);
  });
});

describe('the user, who is root in the jail,', () => {
  const inJail = (command: string) => host.ssh(own.user, own.jail, command);
  const exported = async (text: string) => (await host.applyExports(own.handle, epoch, text)).status;

  test('exports no link, nor what a folder became that was exported', async () => {
    expect(await exported('/srv/nfs/etc-link *(rw)')).toBe(400);
    expect(await exported('/srv/nfs/etc-link/ganesha *(rw)')).toBe(400);
    expect(await exported('/srv/nfs *(ro)\n/srv/nfs/shown *(rw,no_root_squash)')).toBe(200);
    await inJail('cd /srv/nfs && rmdir shown && ln -s /etc shown');
    await host.inside('sh', '-c', `echo 1 >/sys/fs/cgroup/labcli/${own.handle}.nfs/cgroup.kill`);
    const { events } = await host.build(own.handle, { epoch, user: own.user, expiresAtMs });
    expect(events.at(-1)).toEqual({ event: 'done' });
    const { mountd, nfs, root } = await attack(own);
    expect((await mount(mountd, '/srv/nfs/shown')).status).not.toBe(ok);
    expect((await nfs.lookUp((await nfs.lookUp(root, 'shown')).handle, 'passwd')).status).toBe(notDirectory);
  });

  test('makes no device file in what is exported', async () => {
    expect((await inJail('mknod /srv/nfs/fifo-of-jail p')).code).toBe(0);
    expect((await inJail('mknod /srv/nfs/null c 1 3')).code).not.toBe(0);
  });
});
