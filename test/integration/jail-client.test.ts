import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { verbs } from '../../src/cli/verbs.ts';

/** Runs the in-jail client with /run/lab in a mount namespace of its own, against a recorded labd. */
interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const client = join(import.meta.dirname, '../../jails/files/usr/local/bin/labcli');
let directory: string;
let server: Server;
let calls: string[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'labcli-jail-'));
  cpSync(client, join(directory, 'labcli'));
  writeFileSync(join(directory, 'exports'), '/srv/nfs *(ro)\n# "it\'s"\n');
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    calls.push(`${request.headers.accept} ${request.method} ${request.url} ${body}`.trim());
    answer(request, response);
  });
  await new Promise<void>(resolve => server.listen(join(directory, 'labd.sock'), resolve));
});
afterAll(async () => {
  await new Promise(resolve => server.close(resolve));
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => {
  calls = [];
  answer = (_request, response) => response.end('rockpro64-1 on\nexit 0\n');
});

// An /etc/exports that is nobody's but the client's.
const script = [
  'mount -t tmpfs tmpfs /mnt && mkdir /mnt/upper /mnt/work',
  'mount -t overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work etc /etc && cp "$1/exports" /etc/exports',
  'mount -t tmpfs tmpfs /run && mkdir /run/lab && mount --bind "$1" /run/lab && shift && exec "$@"',
].join(' && ');
const inNamespace = (...command: readonly string[]) =>
  ['--mount', '--', 'sh', '-c', script, 'sh', directory, ...command] as const;

function labcli(...words: readonly string[]): Promise<Outcome> {
  return new Promise(resolve => {
    execFile('unshare', inNamespace('/run/lab/labcli', ...words), { timeout: 10_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 255;
      resolve({ code, stdout, stderr });
    }).stdin?.end();
  });
}

test.each<[words: string[], call: string]>([
  [['status'], 'text/plain GET /v1/boards'],
  [['status', '--json'], 'application/json GET /v1/boards'],
  [['power', 'status'], 'text/plain GET /v1/power'],
  [['power', 'on'], 'text/plain POST /v1/power {"action":"on"}'],
  [['power', 'cycle', 'rockpro64-2'], 'text/plain POST /v1/power {"board":"rockpro64-2","action":"cycle"}'],
  [['exports', 'apply'], 'text/plain POST /v1/exports /srv/nfs *(ro)\n# "it\'s"'],
  [['reinit'], 'text/plain POST /v1/reinit {}'],
  [['release', 'rockpro64-1', '--json'], 'application/json POST /v1/release {"board":"rockpro64-1"}'],
])('%j asks labd', async (words, call) => {
  const { code } = await labcli(...words);
  expect({ code, calls }).toEqual({ code: 0, calls: [call] });
});

test('the exit line is the exit code, and is not shown; errors go to standard error', async () => {
  answer = (_request, response) => response.end('labcli: rockpro64-2 belongs to bob\n  wait\nexit 4\n');
  expect(await labcli('power', 'on', 'rockpro64-2')).toEqual({
    code: 4,
    stdout: '',
    stderr: 'labcli: rockpro64-2 belongs to bob\n  wait\n',
  });
});

test('lines of a stream come as they are sent', async () => {
  let finish = () => {};
  answer = (_request, response) => {
    response.write('jail removed\n');
    finish = () => response.end('done\nexit 0\n');
  };
  const child = spawn('unshare', inNamespace('/run/lab/labcli', 'reinit'), { stdio: ['ignore', 'pipe', 'inherit'] });
  const first = await new Promise<string>(resolve => child.stdout.setEncoding('utf8').once('data', resolve));
  expect(first).toBe('jail removed\n');
  finish();
  expect(await new Promise(resolve => child.once('close', resolve))).toBe(0);
});

test.each([
  ['busy', 5],
  ['device', 6],
  ['bug', 70],
])('with --json the code %s is exit %d', async (code, exit) => {
  const body = JSON.stringify({ error: { code, message: 'it says "error":{"code":"usage"} too' } });
  answer = (_request, response) => response.writeHead(500).end(body);
  expect(await labcli('power', 'on', '--json')).toEqual({ code: exit, stdout: `${body}\n`, stderr: '' });
});

test('an answer that breaks off is not a success', async () => {
  answer = (_request, response) => {
    response.write('jail removed\n');
    setTimeout(() => response.destroy(), 50);
  };
  const { code, stderr } = await labcli('reinit');
  expect(code).toBe(7);
  expect(stderr).toMatch(/^labcli: the lab's daemon/);
});

test.each([
  [[]],
  [['powre']],
  [['power']],
  [['power', 'up']],
  [['exports']],
  [['exports', 'revoke']],
  [['status', '--mine']],
  [['release', 'a', 'b']],
  [['power', 'on', 'rock"pro']],
  [['power', 'on', '../x']],
  [['power', 'on', 'a\nb']],
  [['claim', 'rockpro64']],
  [['power', 'on', '$(id)']],
])('%j is wrong use', async words => {
  const { code, stdout, stderr } = await labcli(...words);
  expect({ code, stdout, calls }).toEqual({ code: 2, stdout: '', calls: [] });
  expect(stderr).not.toBe('');
});

test('what is no command or option is named, unless it could steer the terminal; what only the lab host has is told so', async () => {
  expect((await labcli('powre')).stderr).toMatch(/^labcli: there is no command powre; the commands are status, /);
  expect((await labcli('status', '--mine')).stderr).toBe('labcli: there is no option --mine; see labcli help\n');
  expect((await labcli('\x1b[2J')).stderr).toMatch(/^labcli: there is no such command; /);
  const { stdout: help } = await labcli('help');
  for (const verb of Object.keys(verbs).filter(name => !new RegExp(`^  ${name}\\b`, 'm').test(help))) {
    const stderr = `labcli: ${verb} works on the lab host only: ssh labhost labcli ${verb}\n`;
    expect(await labcli(verb)).toEqual({ code: 2, stdout: '', stderr });
  }
});

test('another board is refused without asking', async () => {
  for (const verb of ['status', 'console']) expect((await labcli(verb, 'another-board')).code).toBe(4);
  expect((await labcli('status', hostname())).code).toBe(hostname().match(/^[a-z0-9-]+$/) ? 0 : 2);
});

test('without labd it ends with 7 and a sentence', async () => {
  await new Promise(resolve => server.close(resolve));
  const { code, stderr } = await labcli('power', 'on');
  expect(code).toBe(7);
  expect(stderr).toContain('does not answer');
  expect((await labcli('console')).code).toBe(7);
  await new Promise<void>(resolve => server.listen(join(directory, 'labd.sock'), resolve));
});

test('the console carries bytes both ways', async () => {
  const line = createSocketServer(socket => {
    socket.on('data', bytes => socket.end(String(bytes).toUpperCase()));
  });
  await new Promise<void>(resolve => line.listen(join(directory, 'console.sock'), resolve));
  const child = spawn('unshare', inNamespace('/run/lab/labcli', 'console'), { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stdin.write('hello');
  await new Promise(resolve => child.once('close', resolve));
  await new Promise(resolve => line.close(resolve));
  expect(output).toBe('HELLO');
});
