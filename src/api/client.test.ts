import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { LabError } from '../lab/error.ts';
import { type ClientOptions, createClient, type LabClient } from './client.ts';

let directory: string;
let socketPath: string;
let server: Server | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'labcli-client-'));
  socketPath = join(directory, 'labd.sock');
});
afterEach(async () => {
  await stop();
  rmSync(directory, { recursive: true });
});

async function listen(
  handle: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<Server> {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    handle(request, response, body);
  });
  await new Promise<void>(resolve => server?.listen(socketPath, resolve));
  return server;
}

async function stop(): Promise<void> {
  server?.closeAllConnections();
  await new Promise(resolve => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
}

const clientWith = (options: Partial<ClientOptions> = {}) =>
  createClient({ socketPath, user: 'alice', startMs: 300, reconnectMs: 1000, ...options });
const line = (event: object) => `${JSON.stringify(event)}\n`;
const operation = { event: 'operation', id: 7, kind: 'claim', board: 'b' };
const started = { event: 'step', board: 'b', step: 'jail', state: 'started', elapsedMs: 0 };
const done = { event: 'step', board: 'b', step: 'jail', state: 'done', elapsedMs: 5 };
const end = { event: 'done', claims: [] };

async function claim(client: LabClient): Promise<object[]> {
  const events: object[] = [];
  for await (const event of client.runOperation({ kind: 'claim', body: { wants: [{ class: 'pc', labels: [] }] } }))
    events.push(event);
  return events;
}

async function errorOf(promise: Promise<unknown>): Promise<LabError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(LabError);
  return error as LabError;
}

test('a request has method, path, user and body, and its answer is read', async () => {
  const seen: unknown[] = [];
  await listen((request, response, body) => {
    seen.push([request.method, request.url, request.headers['labcli-user'], body && JSON.parse(body)]);
    response.end(JSON.stringify({ board: 'größe', power: 'on' }));
  });
  const client = clientWith();
  expect(await client.setPower({ action: 'on', board: 'b' })).toEqual({ board: 'größe', power: 'on' });
  await client.getPower('a&b=c d');
  await client.listBoards({ isMine: true });
  expect(seen).toEqual([
    ['POST', '/v1/power', 'alice', { action: 'on', board: 'b' }],
    ['GET', '/v1/power?board=a%26b%3Dc%20d', 'alice', ''],
    ['GET', '/v1/boards?mine=true', 'alice', ''],
  ]);
});

test('an answer larger than a packet is read to its end', async () => {
  const boards = Array.from({ length: 5000 }, (_, index) => ({ handle: `board-${index}`, reason: 'x'.repeat(100) }));
  await listen((_request, response) => response.end(JSON.stringify({ boards })));
  expect(await clientWith().listBoards({ isMine: false })).toEqual({ boards });
});

test("labd's error comes back as it was", async () => {
  await listen((_request, response) => {
    response.writeHead(409).end(JSON.stringify({ error: { code: 'busy', message: 'no', hint: 'wait' } }));
  });
  expect(await errorOf(clientWith().listClasses())).toMatchObject({ code: 'busy', message: 'no', hint: 'wait' });
});

test.each([
  ['a status and no reason', (response: ServerResponse) => response.writeHead(500).end('{}')],
  ['no JSON', (response: ServerResponse) => response.end('<html>')],
  [
    'an unknown code',
    (response: ServerResponse) => response.writeHead(500).end('{"error":{"code":"toString","message":"x"}}'),
  ],
])('%s is a bug', async (_what, handle) => {
  await listen((_request, response) => handle(response));
  expect((await errorOf(clientWith().listClasses())).code).toBe('bug');
});

test.each([
  ['in the body', (response: ServerResponse) => response.writeHead(200, { 'content-length': '99' }).write('{"a":')],
  ['before the head', (_response: ServerResponse) => {}],
])('a connection that breaks %s is unreachable', async (_where, handle) => {
  await listen((request, response) => {
    handle(response);
    setTimeout(() => request.socket.destroy(), 20);
  });
  expect((await errorOf(clientWith().listClasses())).code).toBe('unreachable');
});

test('a labd that is starting is waited for', async () => {
  const answer = clientWith({ startMs: 3000 }).listClasses();
  await new Promise(resolve => setTimeout(resolve, 120));
  await listen((_request, response) => response.end('{"classes":[]}'));
  expect(await answer).toEqual({ classes: [] });
});

test('a labd that is not there is unreachable, with a hint', async () => {
  expect(await errorOf(clientWith().listClasses())).toMatchObject({
    code: 'unreachable',
    hint: expect.stringContaining('starting'),
  });
});

/** A labd with one place for callers in front of its door, that is busy for so many milliseconds. */
async function startCrowdedLabd(busyMs: number): Promise<ChildProcess> {
  const script = `
    const server = require('node:http').createServer((_, response) => response.end('{"boards":[]}'));
    server.listen({ path: process.argv[1], backlog: 1 }, () => {
      process.stdout.write('listening');
      setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${busyMs}));
    });`;
  const labd = spawn(process.execPath, ['-e', script, socketPath], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(labd.stdout as Readable, 'data');
  return labd;
}

test.each([
  ['is answered in its turn', 200, true],
  ['is told so when it lasts', 2000, false],
])('who calls with many others %s', async (_name, busyMs, isShort) => {
  const labd = await startCrowdedLabd(busyMs);
  const calls = Array.from({ length: 10 }, () => clientWith({ startMs: 1000 }).listBoards({ isMine: true }));
  try {
    const outcomes = await Promise.allSettled(calls);
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    if (isShort) expect(refused).toEqual([]);
    else expect(refused).not.toEqual([]);
    for (const outcome of refused) {
      expect(outcome).toMatchObject({
        reason: { code: 'unreachable', message: expect.stringMatching(/^too many call/) },
      });
    }
  } finally {
    labd.kill('SIGKILL');
  }
});

test('a labd that is silent is a time-out', async () => {
  await listen(() => {});
  expect((await errorOf(clientWith({ silenceMs: 50 }).listClasses())).code).toBe('timeout');
});

test('an operation gives its events as they come', async () => {
  await listen((_request, response) => response.end([operation, started, done, end].map(line).join('')));
  expect(await claim(clientWith())).toEqual([operation, started, done, end]);
});

test('an error event is thrown', async () => {
  const error = { event: 'error', error: { code: 'device', message: 'the switch refused' } };
  await listen((_request, response) => response.end([operation, error].map(line).join('')));
  expect(await errorOf(claim(clientWith()))).toMatchObject({ code: 'device', message: 'the switch refused' });
});

test('an operation goes on with the labd that comes back, and tells each step once', async () => {
  await listen(async (_request, response) => {
    response.write([operation, started].map(line).join('') + line(done).slice(0, 9));
    await new Promise(resolve => setTimeout(resolve, 30));
    await stop();
    await new Promise(resolve => setTimeout(resolve, 150));
    await listen((again, answer) => {
      const events = again.url === '/v1/operations/7' ? [operation, started, done, end] : [];
      answer.end(events.map(line).join(''));
    });
  });
  expect(await claim(clientWith())).toEqual([operation, started, done, end]);
});

test('an operation whose labd does not come back is unreachable', async () => {
  await listen(async (_request, response) => {
    response.write(line(operation));
    await new Promise(resolve => setTimeout(resolve, 30));
    await stop();
  });
  expect((await errorOf(claim(clientWith({ reconnectMs: 200 })))).code).toBe('unreachable');
});

test('a claim that may not have been heard is not asked for again', async () => {
  let requests = 0;
  await listen((request, _response) => {
    requests += 1;
    request.socket.destroy();
  });
  expect(await errorOf(claim(clientWith()))).toMatchObject({
    code: 'unreachable',
    hint: expect.stringContaining('status'),
  });
  expect(requests).toBe(1);
});

test('a console carries bytes both ways from the first one on', async () => {
  const listening = await listen(() => {});
  listening.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    expect(request.headers.upgrade).toBe('labcli-console');
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: labcli-console\r\n\r\nfirst ');
    socket.on('data', bytes => socket.end(String(bytes).toUpperCase()));
  });
  const console = await clientWith().openConsole('b');
  console.write('second');
  let received = '';
  for await (const chunk of console) received += chunk;
  expect(received).toBe('first SECOND');
});

test('a console that is refused throws the reason', async () => {
  const listening = await listen(() => {});
  listening.on('upgrade', (_request: IncomingMessage, socket: Duplex) => {
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n{"error":{"code":"denied","message":"b is bob’s"}}');
  });
  expect(await errorOf(clientWith().openConsole('b'))).toMatchObject({ code: 'denied', message: 'b is bob’s' });
});
