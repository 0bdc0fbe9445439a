import { connect, type Socket } from 'node:net';
import { LabError } from '../lab/error.ts';

export interface Request {
  readonly socketPath: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How long the other side may be silent; without end if left out. */
  readonly silenceMs?: number;
}

export interface Answer {
  readonly status: number;
  /** By name in small letters. */
  readonly headers: ReadonlyMap<string, string>;
  /** The body up to the connection's end; after 101, the bytes of the new protocol, both ways. */
  readonly body: Socket;
}

const headLimit = 65_536;

/**
 * One request over a unix socket, as HTTP/1.0 (RFC 1945): the answer ends with the connection, so it needs no decoding.
 * node:http would do the same, and make every start of labcli a quarter slower. Throws the socket's own error, or
 * `LabError('timeout')`.
 */
export function exchange(request: Request): Promise<Answer> {
  const { socketPath, method, path, headers, body = '', silenceMs = 0 } = request;
  const socket = connect({ path: socketPath });
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  socket.setTimeout(silenceMs, () => {
    socket.destroy(new LabError('timeout', `no answer within ${Math.round(silenceMs / 1000)} s`));
  });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  if (method === 'POST') lines.push(`content-length: ${Buffer.byteLength(body)}\r\n`);
  socket.write(`${method} ${path} HTTP/1.0\r\nhost: labd\r\n${lines.join('')}\r\n${body}`);

  let received: Buffer = Buffer.alloc(0);
  function readHead(bytes: Buffer): void {
    received = Buffer.concat([received, bytes]);
    const end = received.indexOf('\r\n\r\n');
    if (end < 0 && received.length < headLimit) return;
    socket.off('data', readHead);
    socket.off('end', refuseEnd);
    socket.off('error', reject);
    socket.pause();
    const head = end < 0 ? undefined : parseHead(received.toString('latin1', 0, end));
    if (!head) {
      socket.destroy();
      reject(new LabError('bug', 'the answer is not HTTP'));
      return;
    }
    const rest = received.subarray(end + 4);
    if (rest.length > 0) socket.unshift(rest);
    resolve({ ...head, body: socket });
  }
  function refuseEnd(): void {
    reject(Object.assign(new Error('the connection ended without an answer'), { code: 'ECONNRESET' }));
  }
  socket.on('data', readHead);
  socket.once('end', refuseEnd);
  socket.once('error', reject);
  return promise;
}

function parseHead(text: string): Omit<Answer, 'body'> | undefined {
  const [first = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})\b/.exec(first)?.[1];
  if (status === undefined) return undefined;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(status), headers };
}
