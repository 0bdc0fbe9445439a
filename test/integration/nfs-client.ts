import { opaque, type RpcClient, uint32, uint64, type XdrReader } from './onc-rpc.ts';

/** NFS version 3 (RFC 1813) and 4.0 (RFC 7530), as far as an attacker needs them. A status of 0 is success. */

/** nfsstat3 and nfsstat4 have the same numbers for these. */
export const ok = 0;
export const notDirectory = 20;

export interface Attributes {
  readonly type: number;
  readonly uid: number;
  readonly gid: number;
  readonly fsid: bigint;
  readonly fileid: bigint;
}

export async function mount(mountd: RpcClient, path: string): Promise<{ status: number; handle: Buffer }> {
  const reader = await mountd.call(100_005, 3, 1, opaque(path));
  const status = reader.uint32();
  return { status, handle: status === ok ? Buffer.from(reader.opaque()) : Buffer.alloc(0) };
}

export function createNfs3(rpc: RpcClient) {
  const call = (procedure: number, ...args: readonly Buffer[]) =>
    rpc.call(100_003, 3, procedure, Buffer.concat([...args]));
  const unsetAttributes = Buffer.alloc(6 * 4);

  return {
    async getAttributes(handle: Buffer): Promise<{ status: number; attributes?: Attributes }> {
      const reader = await call(1, opaque(handle));
      const status = reader.uint32();
      return status === ok ? { status, attributes: readAttributes(reader) } : { status };
    },
    async lookUp(directory: Buffer, name: string | Buffer): Promise<{ status: number; handle: Buffer }> {
      const reader = await call(3, opaque(directory), opaque(name));
      const status = reader.uint32();
      return { status, handle: status === ok ? Buffer.from(reader.opaque()) : Buffer.alloc(0) };
    },
    async read(handle: Buffer): Promise<{ status: number; text: string }> {
      const reader = await call(6, opaque(handle), uint64(0n), uint32(4096));
      const status = reader.uint32();
      if (reader.uint32() === 1) readAttributes(reader);
      if (status !== ok) return { status, text: '' };
      reader.skip(8);
      return { status, text: reader.opaque().toString('latin1') };
    },
    async makeLink(directory: Buffer, name: string, target: string): Promise<number> {
      return (await call(10, opaque(directory), opaque(name), unsetAttributes, opaque(target))).uint32();
    },
    async makeFolder(directory: Buffer, name: string): Promise<{ status: number }> {
      return { status: (await call(9, opaque(directory), opaque(name), unsetAttributes)).uint32() };
    },
    async makeHardLink(file: Buffer, directory: Buffer, name: string): Promise<number> {
      return (await call(15, opaque(file), opaque(directory), opaque(name))).uint32();
    },
    /** ftype3: 3 block device, 4 character device, 7 FIFO. */
    async makeNode(directory: Buffer, name: string, type: 3 | 4 | 7): Promise<number> {
      const device = type === 7 ? [] : [uint32(8), uint32(0)];
      return (await call(11, opaque(directory), opaque(name), uint32(type), unsetAttributes, ...device)).uint32();
    },
  };
}

/** One COMPOUND: gives its status, and how many of its operations were carried out. */
export async function compound(rpc: RpcClient, ...operations: readonly Buffer[]) {
  const args = [opaque(''), uint32(0), uint32(operations.length), ...operations];
  const reader = await rpc.call(100_003, 4, 1, Buffer.concat(args));
  const status = reader.uint32();
  reader.opaque();
  return { status, done: reader.uint32(), reader };
}

/** nfs_opnum4 and its arguments. */
export const operation = {
  putRoot: uint32(24),
  put: (handle: Buffer) => Buffer.concat([uint32(22), opaque(handle)]),
  getHandle: uint32(10),
  lookUp: (name: string) => Buffer.concat([uint32(15), opaque(name)]),
  lookUpParent: uint32(16),
  /** With the stateid of nobody: all zeros. */
  read: Buffer.concat([uint32(25), Buffer.alloc(16), uint64(0n), uint32(4096)]),
  makeDevice: (name: string) =>
    Buffer.concat([uint32(6), uint32(4), uint32(8), uint32(0), opaque(name), uint32(0), uint32(0)]),
  makeFifo: (name: string) => Buffer.concat([uint32(6), uint32(7), opaque(name), uint32(0), uint32(0)]),
};

/** The handle that a COMPOUND ends with, whose operations before are PUTROOTFH or PUTFH, and LOOKUPs: they answer with a status alone. */
export async function findHandle(rpc: RpcClient, names: readonly string[]): Promise<Buffer> {
  const { status, reader, done } = await compound(
    rpc,
    operation.putRoot,
    ...names.map(operation.lookUp),
    operation.getHandle,
  );
  if (status !== ok) throw new Error(`no ${names.join('/')}: ${status}`);
  reader.skip(8 * (done - 1) + 8);
  return Buffer.from(reader.opaque());
}

function readAttributes(reader: XdrReader): Attributes {
  const type = reader.uint32();
  reader.skip(8);
  const [uid, gid] = [reader.uint32(), reader.uint32()];
  reader.skip(8 + 8 + 8);
  const attributes = { type, uid, gid, fsid: reader.uint64(), fileid: reader.uint64() };
  reader.skip(3 * 8);
  return attributes;
}
