import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabEvent } from '../../src/lab/event.ts';
import { claimBoard, type LabdUnderTest, release, runToEnd, startLabd } from './labd-under-test.ts';
import { until } from './until.ts';

/** Whoever had a board and has it no longer reaches neither its power nor its console nor its jail, by whatever they still hold. */
let lab: LabdUnderTest;
beforeEach(async () => {
  lab = await startLabd(1);
});
afterEach(() => lab?.stop());

const board = 'rockpro64-1';
const powerOn = '{"action":"on"}';
const head = `POST /v1/power HTTP/1.1\r\nHost: labd\r\nContent-Type: application/json\r\nContent-Length: ${powerOn.length}\r\n\r\n`;

async function knock(name: 'labd.sock' | 'console.sock'): Promise<Socket> {
  const socket = connect(lab.jailSocket(board, name));
  socket.on('error', () => {}).resume();
  await once(socket, 'connect');
  return socket;
}

/** All that can be held of a board: a call that is half said, and its line, by the jail's doors and by the host's. */
async function holdAll(user: string) {
  const call = await knock('labd.sock');
  call.write(head);
  const line = await knock('console.sock');
  const console = (await lab.client(user).openConsole()).on('error', () => {}).resume();
  await sleep(50);
  return { call, line, console };
}

function useAll({ call, line, console }: Readonly<Record<'call' | 'line' | 'console', Duplex>>): void {
  call.write(powerOn);
  line.write('typed in the jail ');
  console.write('typed at the host ');
}

async function actorsOfPower(): Promise<string[]> {
  const events: LabEvent[] = [];
  for await (const event of lab.client('alice').tellEvents({ follow: false })) events.push(event);
  return events.filter(({ kind }) => kind === 'power-switched').map(({ actor, epoch }) => `${actor} ${epoch}`);
}

test('connections of a claim that is over reach nothing of the next claim', async () => {
  const [alice, bob] = [lab.client('alice'), lab.client('bob')];
  await claimBoard(alice);
  const old = await holdAll('alice');
  const ended = Promise.all(Object.values(old).map(stream => once(stream, 'close')));
  await release(alice);
  await ended;
  expect(await claimBoard(bob)).toMatchObject({ board, epoch: 2 });
  lab.journal.length = 0;
  useAll(old);
  await sleep(200);
  expect([lab.journal, lab.line(board).received().toString()]).toEqual([[], '']);

  // The same under the claim that is there does all of it.
  useAll(await holdAll('bob'));
  await until(async () => lab.journal.includes(`power on ${board}`), 2000);
  await until(async () => /jail/.test(String(lab.line(board).received())), 2000);
  await until(async () => /host/.test(String(lab.line(board).received())), 2000);
  expect(await actorsOfPower()).toEqual(['bob 2']);
});

test('whoever gave a claim away can do nothing more in its name, though it goes on with the same epoch', async () => {
  const [alice, bob] = [lab.client('alice'), lab.client('bob')];
  const { epoch } = await claimBoard(alice);
  await alice.setPower({ action: 'on' });
  const console = (await alice.openConsole()).on('error', () => {}).resume();
  const closed = once(console, 'close');
  await alice.call('POST /v1/transfer', { user: 'bob' });
  await closed;
  lab.journal.length = 0;
  const attempts = [
    alice.setPower({ action: 'off', board }),
    alice.openConsole(board),
    alice.openProxy(board),
    alice.call('POST /v1/extend', { board, leaseMs: 3_600_000 }),
    alice.call('POST /v1/share', { board, user: 'alice' }),
    alice.call('POST /v1/transfer', { board, user: 'alice' }),
    runToEnd(alice, { kind: 'reinit', body: { board } }),
    runToEnd(alice, { kind: 'release', body: { board } }),
  ];
  for (const attempt of attempts) await expect(attempt).rejects.toMatchObject({ code: 'denied' });
  expect([lab.journal, lab.jaild.jails.get(board)]).toEqual([[], expect.objectContaining({ user: 'bob', epoch })]);

  await bob.setPower({ action: 'off' });
  expect(await actorsOfPower()).toEqual(['alice 1', 'bob 1']);
});

test('a jail speaks in the name of who has its claim now', async () => {
  const alice = lab.client('alice');
  await claimBoard(alice);
  const switchInside = async () => {
    const call = await knock('labd.sock');
    call.write(head + powerOn);
    await once(call, 'data');
  };
  await switchInside();
  await alice.call('POST /v1/transfer', { user: 'bob' });
  await switchInside();
  expect(await actorsOfPower()).toEqual(['alice 1', 'bob 1']);
});

test('a jail that is being built follows what becomes of its claim meanwhile', async () => {
  const alice = lab.client('alice');
  await claimBoard(alice);
  lab.jaild.hold(true);
  const reinit = runToEnd(alice, { kind: 'reinit', body: {} });
  await until(async () => (await alice.listBoards({ isMine: true })).boards[0]?.operation === 'reinit');
  await alice.call('POST /v1/share', { user: 'bob' });
  lab.jaild.hold(false);
  await reinit;
  expect(lab.jaild.jails.get(board)?.sharedWith).toEqual(['bob']);
});
