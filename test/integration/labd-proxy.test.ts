import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { lengthPrefixed } from '../../src/jaild/ssh-wire.ts';
import { claimBoard, type LabdUnderTest, release, runToEnd, startLabd } from './labd-under-test.ts';

/** The way through labd to a jail's sshd, which here is a server on loopback. */
let lab: LabdUnderTest;
let sshd: Server;
let serve: (socket: Socket) => void;
let connections: Set<Socket>;
beforeEach(async () => {
  connections = new Set();
  serve = socket => socket.pipe(socket);
  sshd = createServer({ allowHalfOpen: true }, socket => {
    connections.add(socket);
    socket.on('error', () => {}).once('close', () => connections.delete(socket));
    serve(socket);
  });
  await new Promise<void>(resolve => sshd.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await lab?.stop();
  for (const socket of connections) socket.destroy();
  await new Promise(resolve => sshd.close(resolve));
});

async function startWith(lease?: string): Promise<void> {
  lab = await startLabd(2, lease);
  lab.sshd.port = (sshd.address() as AddressInfo).port;
}
const readAll = (stream: Duplex) => text(stream);
/** The other side has hung up, and so do we. */
function closed(stream: Duplex) {
  stream
    .on('error', () => {})
    .once('end', () => stream.end())
    .resume();
  return once(stream, 'close');
}

test('an end of one way is passed on, and the other way goes on', async () => {
  await startWith();
  const alice = lab.client('alice');
  await claimBoard(alice);
  serve = socket => {
    let heard = 0;
    socket.on('data', bytes => (heard += bytes.length));
    socket.on('end', () => setTimeout(() => socket.end(`heard ${heard}`), 100));
  };
  const jail = await alice.openProxy();
  jail.write(Buffer.alloc(3_000_000));
  jail.end('x');
  expect(await readAll(jail)).toBe('heard 3000001');

  serve = socket => {
    socket.end('hello');
    socket.resume().on('data', () => {});
  };
  const other = await alice.openProxy();
  expect(await readAll(other)).toBe('hello');
  other.end('and all that is still to be said');
  await closed(other);
});

test.each([
  ['released', () => release(lab.client('alice'))],
  ['made anew', () => runToEnd(lab.client('alice'), { kind: 'reinit', body: {} })],
])('when the jail is %s, its proxies end at once, at both ends, and those of others go on', async (_name, end) => {
  await startWith();
  await claimBoard(lab.client('alice'));
  await claimBoard(lab.client('bob'));
  const [mine, other] = [await lab.client('alice').openProxy(), await lab.client('bob').openProxy()];
  expect(connections.size).toBe(2);
  const mineClosed = once(mine.resume(), 'end');
  await end();
  await mineClosed;
  expect(connections.size).toBe(1);
  const echo = once(other.resume(), 'data');
  other.write('still here');
  expect(String((await echo)[0])).toBe('still here');
  other.destroy();
});

test('when the claim runs out, its proxies end', async () => {
  await startWith('2s');
  const alice = lab.client('alice');
  await claimBoard(alice);
  const jail = await alice.openProxy();
  await once(jail.resume(), 'end');
  expect((await alice.listBoards({ isMine: true })).boards).toEqual([]);
}, 40_000);

test('while the jail is made anew, and when its sshd is not there, there is no proxy', async () => {
  await startWith();
  const alice = lab.client('alice');
  const { board } = await claimBoard(alice);
  lab.jaild.hold(true);
  const reinit = runToEnd(alice, { kind: 'reinit', body: {} });
  await expect(alice.openProxy()).rejects.toMatchObject({ code: 'busy' });
  lab.jaild.hold(false);
  await reinit;
  const { port } = lab.sshd;
  lab.sshd.port = 1;
  await expect(alice.openProxy()).rejects.toMatchObject({ code: 'device', message: expect.stringContaining(board) });
  lab.sshd.port = port;
  (await alice.openProxy()).destroy();
});

test('nobody has more of them than a person needs', async () => {
  await startWith();
  await claimBoard(lab.client('alice'));
  await claimBoard(lab.client('bob'));
  const open: Duplex[] = [];
  await expect(
    (async () => {
      for (let count = 0; count < 200; count++) open.push(await lab.client('alice').openProxy());
    })(),
  ).rejects.toMatchObject({ code: 'busy' });
  expect(open).toHaveLength(64);
  (await lab.client('bob').openProxy()).destroy();
  for (const stream of open) stream.destroy();
});

test('known-hosts has every handle, the network of the jails, and whose word counts', async () => {
  await startWith();
  expect(await lab.client('alice').call('GET /v1/known-hosts', {})).toEqual({
    handles: ['rockpro64-1', 'rockpro64-2'],
    addressPatterns: ['10.77.*'],
    authority: 'ssh-ed25519 AAAA labcli-fake',
  });
  await expect(lab.client('mallory').call('GET /v1/known-hosts', {})).rejects.toMatchObject({ code: 'denied' });
});

test('keys that are given with a claim are checked, reach jaild, and stay through a reinit', async () => {
  await startWith();
  const alice = lab.client('alice');
  const wants = [{ class: 'rockpro64', labels: [] }];
  const key = `ssh-ed25519 ${Buffer.concat([...['ssh-ed25519', Buffer.alloc(32)].map(lengthPrefixed)]).toString('base64')}`;
  for (const bad of ['ssh-ed25519 AAAA', `command="id" ${key}`, `${key}\n${key}`, 'x'.repeat(9000)]) {
    const claim = runToEnd(alice, { kind: 'claim', body: { wants, keys: [bad] } });
    await expect(claim).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(/^keys: /) });
  }
  expect(lab.jaild.jails.size).toBe(0);
  await runToEnd(alice, { kind: 'claim', body: { wants, keys: [`${key} a colleague`] } });
  const given = () => [...lab.jaild.jails.values()].map(({ keys }) => keys);
  expect(given()).toEqual([[key]]);
  await runToEnd(alice, { kind: 'reinit', body: {} });
  expect(given()).toEqual([[key]]);
});

test('a colleague has a proxy as long as the claim is shared, and nobody else has one', async () => {
  await startWith();
  const [alice, bob] = [lab.client('alice'), lab.client('bob')];
  const { board } = await claimBoard(alice);
  await expect(bob.openProxy(board)).rejects.toMatchObject({ code: 'denied' });
  await alice.call('POST /v1/share', { user: 'bob' });
  const [theirs, own] = [await bob.openProxy(board), await alice.openProxy(board)];
  const ended = once(theirs.resume(), 'end');
  await alice.call('POST /v1/unshare', { user: 'bob' });
  await ended;
  await expect(bob.openProxy(board)).rejects.toMatchObject({ code: 'denied' });
  const echo = once(own.resume(), 'data');
  own.write('still here');
  expect(String((await echo)[0])).toBe('still here');
  own.destroy();
});
