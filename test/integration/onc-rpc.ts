import type { ChildProcessWithoutNullStreams } from 'node:child_process';

/** ONC RPC (RFC 5531) over a byte stream, with AUTH_SYS credentials: a client that can say what no honest client says. */
export interface RpcClient {
  /** The results of an accepted call; throws with the status of a call that was not accepted. */
  call(program: number, version: number, procedure: number, args: Buffer, uid?: number): Promise<XdrReader>;
  close(): void;
}

/** `stream` is a program that passes its standard streams on to the server's port. */
export function createRpcClient(stream: ChildProcessWithoutNullStreams, timeoutMs = 5000): RpcClient {
  const waiting = new Map<number, (record: Buffer) => void>();
  let received = Buffer.alloc(0);
  let lastXid = 0x1000;
  stream.stdin.on('error', () => {});
  stream.stdout.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    // Record marking: the last-fragment bit and a length.
    while (received.length >= 4) {
      const end = 4 + (received.readUInt32BE(0) & 0x7fff_ffff);
      if (received.length < end) return;
      const record = received.subarray(4, end);
      received = received.subarray(end);
      waiting.get(record.readUInt32BE(0))?.(record);
    }
  });

  return {
    async call(program, version, procedure, args, uid = 0) {
      const xid = ++lastXid;
      const credentials = Buffer.concat([uint32(0), opaque('board'), uint32(uid), uint32(uid), uint32(0)]);
      const call = [xid, 0, 2, program, version, procedure, 1].map(uint32);
      const record = Buffer.concat([...call, opaque(credentials), uint32(0), uint32(0), args]);
      const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
      waiting.set(xid, resolve);
      const timer = setTimeout(() => reject(new Error('the server does not answer')), timeoutMs);
      stream.stdin.write(Buffer.concat([uint32(0x8000_0000 + record.length), record]));
      const reader = createXdrReader((await promise).subarray(4));
      clearTimeout(timer);
      waiting.delete(xid);
      const [kind, replyState] = [reader.uint32(), reader.uint32()];
      if (kind !== 1 || replyState !== 0) throw new Error(`the call was denied: ${replyState}`);
      reader.uint32();
      reader.opaque();
      const acceptState = reader.uint32();
      if (acceptState !== 0) throw new Error(`the call was not carried out: ${acceptState}`);
      return reader;
    },
    close: () => {
      stream.kill('SIGKILL');
    },
  };
}

/** External data representation, RFC 4506. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

export function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

export function opaque(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

export interface XdrReader {
  uint32(): number;
  uint64(): bigint;
  opaque(): Buffer;
  skip(bytes: number): void;
}

export function createXdrReader(bytes: Buffer): XdrReader {
  let position = 0;
  const take = (length: number) => {
    position += length;
    return position - length;
  };
  return {
    uint32: () => bytes.readUInt32BE(take(4)),
    uint64: () => bytes.readBigUInt64BE(take(8)),
    opaque() {
      const length = bytes.readUInt32BE(take(4));
      const start = take(length + ((4 - (length % 4)) % 4));
      return bytes.subarray(start, start + length);
    },
    skip: take,
  };
}
