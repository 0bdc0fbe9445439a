import { createServer, type Server, type ServerResponse } from 'node:http';
import type {
  ExportList,
  HostAuthorityKey,
  JailEvent,
  JailRequest,
  ObservedJail,
} from '../../src/api/jail-messages.ts';

/** jaild's API on a real socket, with jails that are only remembered. `journal` is told what happens, in order. */
export interface FakeJaild {
  /** The error that the next calls of a kind end with; undefined: none. */
  fail(what: 'build' | 'remove', message: string | undefined): void;
  /** Holds builds, removals and exports until it is called again with false. */
  hold(isHeld: boolean): void;
  readonly jails: ReadonlyMap<string, JailRequest>;
  close(): Promise<void>;
}

export async function startFakeJaild(path: string, journal: (entry: string) => void): Promise<FakeJaild> {
  const jails = new Map<string, JailRequest>();
  const failures = new Map<string, string>();
  let released = Promise.resolve();
  let release = () => {};

  async function operate(what: 'build' | 'remove', board: string, response: ServerResponse, change: () => void) {
    const send = (event: JailEvent) => response.write(`${JSON.stringify(event)}\n`);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    send({ event: 'step', step: 'container', state: 'started', elapsedMs: 0 });
    await released;
    const message = failures.get(what);
    journal(`${what} ${board}${message === undefined ? '' : ' failed'}`);
    if (message === undefined) change();
    send(message === undefined ? { event: 'done' } : { event: 'error', error: { code: 'device', message } });
    response.end();
  }

  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://jaild');
    const board = url.pathname.slice('/v1/jails/'.length);
    let body = '';
    request.setEncoding('utf8').on('data', chunk => {
      body += chunk;
    });
    request.on('end', () => {
      if (url.pathname === '/v1/host-authority') {
        response.end(JSON.stringify({ publicKey: 'ssh-ed25519 AAAA labcli-fake' } satisfies HostAuthorityKey));
      } else if (request.method === 'POST') {
        const claim = body === '' || body === '{}' ? undefined : (JSON.parse(body) as JailRequest);
        const name = board.replace(/\/renew$/, '');
        if (claim && jails.has(name)) jails.set(name, claim);
        journal(claim ? `renew ${name}` : 'reload');
        response.setHeader('content-type', 'application/json').end('{}');
      } else if (request.method === 'PUT' && board.endsWith('/exports')) {
        void released.then(() => {
          journal(`exports ${board.replace(/\/exports$/, '')}`);
          response.end(JSON.stringify({ exports: ['/srv/nfs'] } satisfies ExportList));
        });
      } else if (request.method === 'PUT') {
        void operate('build', board, response, () => jails.set(board, JSON.parse(body) as JailRequest));
      } else if (request.method === 'DELETE') {
        void operate('remove', board, response, () => jails.delete(board));
      } else {
        const wanted = url.searchParams.get('board');
        const list: ObservedJail[] = [...jails]
          .filter(([name]) => wanted === null || name === wanted)
          .map(([name, { epoch }]) => ({ board: name, epoch, state: 'complete', missing: [] }));
        response.end(JSON.stringify({ jails: list }));
      }
    });
  });
  await new Promise<void>(resolve => server.listen(path, resolve));
  return {
    jails,
    fail(what, message) {
      if (message === undefined) failures.delete(what);
      else failures.set(what, message);
    },
    hold(isHeld) {
      release();
      if (!isHeld) return;
      const gate = Promise.withResolvers<void>();
      released = gate.promise;
      release = gate.resolve;
    },
    close() {
      release();
      server.closeAllConnections();
      return new Promise(resolve => server.close(() => resolve()));
    },
  };
}
