import { randomBytes } from 'node:crypto';
import { type AttackBench, other, own, startAttackBench } from './nfs-attack-bench.ts';
import { compound, findHandle, ok, operation } from './nfs-client.ts';
import { opaque, type RpcClient } from './onc-rpc.ts';

/** A board that makes file handles up: of other files, other jails and the lab host. */
let bench: AttackBench;
beforeAll(async () => {
  bench = await startAttackBench();
});
afterAll(() => bench?.stop());

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
  test('a forged handle reaches files of its own file system, and no others', async () => {
    const { nfs, root } = await bench.attack(own);
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
    const mine = await bench.attack(own);
    const theirs = await bench.attack(other);
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
    const { nfs, root } = await bench.attack(own);
    const top = (await nfs.getAttributes(root)).attributes;
    if (!top) throw new Error('no attributes');
    const mountinfo = await bench.host.inside('cat', '/proc/self/mountinfo');
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
    const { nfs, root, rpc } = await bench.attack(own);
    for (let length = 0; length <= 64; length++) {
      const random = await nfs.getAttributes(randomBytes(length)).catch(() => ({ status: -1 }));
      expect({ length, status: random.status }).not.toEqual({ length, status: ok });
      const cut = await nfs.getAttributes(root.subarray(0, length)).catch(() => ({ status: -1 }));
      if (length < root.length) expect({ length, status: cut.status }).not.toEqual({ length, status: ok });
    }
    await expect(rpc.call(100_003, 3, 1, opaque(Buffer.alloc(4096)))).rejects.toThrow();
    const again = await bench.attack(own);
    expect((await again.nfs.getAttributes(again.root)).status).toBe(ok);
  });
});

describe('NFSv4', () => {
  test('a forged handle reaches no other jail', async () => {
    const [mine, theirs] = [bench.connect(own, 2049), bench.connect(other, 2049)];
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
    expect(await read(bench.connect(own, 2049), await findHandle(bench.connect(own, 2049), ['nfs', 'public']))).toBe(
      'public\n',
    );
  });
});
