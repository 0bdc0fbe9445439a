import { existsSync } from 'node:fs';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../src/system/run.ts';
import { claimBoard, type LabdUnderTest, startLabd } from './labd-under-test.ts';

/** labd's doors into a jail, and what a hostile jail can try at them. */
let lab: LabdUnderTest;
let board: string;
let door: string;
beforeEach(async () => {
  lab = await startLabd(2);
  ({ board } = await claimBoard(lab.client('alice')));
  door = lab.jailSocket(board, 'labd.sock');
});
afterEach(() => lab?.stop());

async function ask(options: RequestOptions, body?: string): Promise<{ status: number | undefined; body: string }> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { 'content-type': 'application/json', ...options.headers };
    request({ socketPath: door, agent: false, ...options, headers }, resolve)
      .on('error', reject)
      .end(body);
  });
  return { status: answer.statusCode, body: await text(answer) };
}
const post = (path: string, body: string, headers = {}) => ask({ method: 'POST', path, headers }, body);
const hostAnswers = async () => (await lab.client('alice').listBoards({ isMine: false })).boards.length;

test('a jail is its board and its claim, whoever it says it is', async () => {
  expect(await post('/v1/power', '{"action":"on"}', { 'labcli-user': 'bob' })).toMatchObject({ status: 200 });
  expect(lab.power(board).isPowered).toBe(true);
  const other = board === 'rockpro64-1' ? 'rockpro64-2' : 'rockpro64-1';
  expect(await post('/v1/power', `{"action":"on","board":"${other}"}`)).toMatchObject({ status: 403 });
  expect(await post('/v1/claim', '{"wants":[{"class":"rockpro64"}]}')).toMatchObject({ status: 403 });
  const { body } = await ask({ path: '/v1/boards' });
  expect(JSON.parse(body).boards.map(({ handle }: { handle: string }) => handle)).toEqual([board]);
});

test.each([
  ['GET', '/v1/history', ''],
  ['GET', '/v1/usage', ''],
  ['GET', '/v1/events', ''],
  ['GET', '/v1/requests', ''],
  ['POST', '/v1/cancel', '{}'],
  ['POST', '/v1/admin/reload', '{}'],
])('a jail learns nothing of the rest of the lab: %s %s', async (method, path, body) => {
  const answer = await ask({ method, path }, body);
  expect(answer).toMatchObject({ status: 403, body: expect.stringContaining('"denied"') });
});

test('plain text ends with the exit code', async () => {
  const accept = { accept: 'text/plain' };
  expect((await post('/v1/power', '{"action":"off"}', accept)).body).toBe(`${board} off\nexit 0\n`);
  expect((await post('/v1/power', '{"action":"fly"}', accept)).body).toMatch(/^labcli: .*action.*\n[\s\S]*exit 2\n$/);
  lab.power(board).fail('refuses');
  expect((await post('/v1/power', '{"action":"on"}', accept)).body).toMatch(/^labcli: .*refused.*\nexit 6\n$/);
});

test('a jail that applies exports without end does not hold up its release', async () => {
  const apply = () =>
    post('/v1/exports', '/srv/nfs *(rw)', { 'content-type': 'text/plain' }).then(({ status }) => status);
  expect(await apply()).toBe(200);
  lab.jaild.hold(true);
  const first = apply();
  // Who asks and hangs up does not get a place in a queue by it.
  expect(await Promise.all(Array.from({ length: 20 }, apply))).toEqual(Array(20).fill(409));
  lab.jaild.hold(false);
  expect(await first).toBe(200);
  // One after another, they are told to wait before long: the lab host does the work, outside of the jail's limits.
  const statuses: (number | undefined)[] = [];
  for (let i = 0; i < 20; i++) statuses.push(await apply());
  expect(new Set(statuses)).toEqual(new Set([200, 409]));
  expect(lab.journal.filter(entry => entry === `exports ${board}`).length).toBeLessThan(15);
});

test('a jail that asks for its own end is answered before it ends', async () => {
  const { status, body } = await post('/v1/release', '{}', { accept: 'text/plain' });
  expect(status).toBe(200);
  expect(body).toMatch(new RegExp(`^${board}: release[\\s\\S]*exit 0\n$`));
  const deadline = performance.now() + 5000;
  while (lab.jaild.jails.has(board) && performance.now() < deadline) await sleep(10);
  expect(lab.jaild.jails.has(board)).toBe(false);
  await expect(ask({ path: '/v1/boards' })).rejects.toMatchObject({ syscall: 'connect' });
});

test('sockets that a killed labd left are gone when the next one has started, and those of live claims are answered', async () => {
  const dead = lab.jailSocket(board === 'rockpro64-1' ? 'rockpro64-2' : 'rockpro64-1', 'labd.sock');
  // Nothing listens any more on a socket whose process was killed.
  const script = `require('node:net').createServer().listen(${JSON.stringify(dead)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await run(process.execPath, ['-e', script]).catch(() => {});
  expect(existsSync(dead)).toBe(true);
  await lab.restart();
  expect(existsSync(dead)).toBe(false);
  const deadline = performance.now() + 5000;
  while (!existsSync(door) && performance.now() < deadline) await sleep(10);
  expect(await post('/v1/power', '{"action":"on"}')).toMatchObject({ status: 200 });
});

test.each([
  ['a field that there is not', '{"action":"on","volts":12}'],
  ['a value of another type', '{"action":1}'],
  ['a list', '[]'],
  ['no JSON at all', '{"action":'],
  ['a prototype', '{"__proto__":{"action":"on"}}'],
  ['a handle that is a path', '{"action":"on","board":"../../etc"}'],
])('%s is wrong use, and nothing happens', async (_name, body) => {
  const answer = await post('/v1/power', body);
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.body).error.code).toBe('usage');
  expect(lab.power(board).isPowered).toBe(false);
});

test('an upgrade that makes no sense is refused, and is no bug', async () => {
  const headers = { connection: 'Upgrade', upgrade: 'labcli-console' };
  for (const path of ['//[', '/v1/boards', '/v1/console?board=..']) {
    const { status, body } = await ask({ path, headers });
    expect({ path, status }).toEqual({ path, status: expect.any(Number) });
    expect(status).toBeLessThan(500);
    expect(JSON.parse(body).error.code).not.toBe('bug');
  }
});

test('a body of 100 MB is refused after 64 KiB, and costs no memory', async () => {
  const before = process.memoryUsage().rss;
  const socket = connect(door);
  let answer = '';
  socket.on('data', bytes => (answer += bytes)).on('error', () => {});
  socket.write(
    `POST /v1/power HTTP/1.1\r\nHost: labd\r\nContent-Type: application/json\r\nContent-Length: ${1e8}\r\n\r\n`,
  );
  const chunk = Buffer.alloc(1 << 20, 'x');
  for (let sent = 0; sent < 100 && !socket.destroyed; sent++) {
    socket.write(chunk);
    await sleep(1);
  }
  expect(answer).toMatch(/^HTTP\/1\.1 4\d\d/);
  socket.destroy();
  // The chunk that is sent here over and over is the same one: what grows would be labd's.
  expect(process.memoryUsage().rss - before).toBeLessThan(150 << 20);
  expect(await hostAnswers()).toBe(2);
});

test('thousands of connections and half requests at one door hold up nobody at another', async () => {
  const sockets = Array.from({ length: 2000 }, () => {
    const socket = connect(door)
      .on('error', () => {})
      .resume();
    socket.write('POST /v1/power HTTP/1.1\r\nHost: labd\r\nContent-Le');
    return socket;
  });
  const start = performance.now();
  for (let round = 0; round < 20; round++) expect(await hostAnswers()).toBe(2);
  const open = () => sockets.filter(socket => !socket.destroyed).length;
  while (open() > 32 && performance.now() - start < 15_000) await sleep(50);
  expect(open()).toBeLessThanOrEqual(32);
  // What is never finished is ended by labd.
  while (open() > 0 && performance.now() - start < 25_000) await sleep(100);
  expect(open()).toBe(0);
}, 40_000);
