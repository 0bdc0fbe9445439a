import { once } from 'node:events';
import { createClient, type LabClient } from '../../src/api/client.ts';
import type { ClaimedBoard, OperationEvent } from '../../src/api/messages.ts';
import type { LabEvent } from '../../src/lab/event.ts';
import { editLab } from '../e2e/many-boards.ts';
import { claimBoard, type LabdUnderTest, release, runToEnd, startLabd } from './labd-under-test.ts';
import { until } from './until.ts';

let lab: LabdUnderTest;
afterEach(() => lab?.stop());

const hourMs = 3_600_000;
const stateOf = async () => (await lab.client('alice').listBoards({ isMine: false })).boards[0];

/** Claims with --hold; `hangUp` is the connection's end. */
async function holdBoard(
  client: LabClient,
  body: object = { wants: [{ class: 'rockpro64', labels: [] }], hold: true },
) {
  const stream = client.runOperation({ kind: 'wants' in body ? 'claim' : 'hold', body } as never);
  let claim: ClaimedBoard | undefined;
  while (!claim) {
    const { value } = await stream.next();
    const event = value as OperationEvent;
    if (event.event === 'done') claim = event.claims[0];
  }
  return { claim, stream, hangUp: () => stream.return(undefined) };
}

test('extend never shortens a lease, and ends at what the class allows', async () => {
  lab = await startLabd(1, '4h', text => editLab(text, [[['classes', 0, 'max_lease'], '6h']]));
  const alice = lab.client('alice');
  const first = await claimBoard(alice);
  const shorter = await alice.call('POST /v1/extend', { leaseMs: hourMs });
  expect(shorter.claim.expiresAtMs).toBe(first.expiresAtMs);
  const longer = await alice.call('POST /v1/extend', { leaseMs: 5 * hourMs });
  expect(longer.claim.expiresAtMs).toBeGreaterThan(first.expiresAtMs + hourMs - 60_000);
  expect(lab.jaild.jails.get(first.board)?.expiresAtMs).toBe(longer.claim.expiresAtMs);
  await expect(alice.call('POST /v1/extend', { leaseMs: 7 * hourMs })).rejects.toMatchObject({
    code: 'denied',
    message: expect.stringMatching(/may last until .* at most/),
  });
});

test('a board that is being released is not extended', async () => {
  lab = await startLabd(1);
  const alice = lab.client('alice');
  await claimBoard(alice);
  lab.jaild.hold(true);
  const released = release(alice);
  await until(async () => (await stateOf())?.operation === 'release');
  await expect(alice.call('POST /v1/extend', { leaseMs: 5 * hourMs })).rejects.toMatchObject({
    code: 'busy',
    message: 'rockpro64-1 is busy: its release is running',
  });
  lab.jaild.hold(false);
  await released;
});

test('extend is refused with the reason when others wait and the class says so', async () => {
  lab = await startLabd(1, '1h', text => editLab(text, [[['classes', 0, 'extend_while_waiting'], false]]));
  const [alice, bob] = [lab.client('alice'), lab.client('bob')];
  await claimBoard(alice);
  expect((await alice.call('POST /v1/extend', { leaseMs: 2 * hourMs })).claim).toBeDefined();
  const waiting = bob.runOperation({
    kind: 'claim',
    body: { wants: [{ class: 'rockpro64', labels: [] }], wait: true },
  });
  await waiting.next();
  await expect(alice.call('POST /v1/extend', { leaseMs: 3 * hourMs })).rejects.toMatchObject({
    code: 'denied',
    message: expect.stringContaining('bob waits for a board like rockpro64-1'),
  });
  await waiting.return(undefined);
});

test('a lease is as long as asked for, and who watches the console is warned before its end, also who comes late', async () => {
  lab = await startLabd(1, '4h', text => editLab(text, [[['reservations'], { warn: '5s' }]]));
  const alice = lab.client('alice');
  const wants = [{ class: 'rockpro64', labels: [] }];
  await runToEnd(alice, { kind: 'claim', body: { wants, leaseMs: 6000 } });
  const heard = { terminal: '', program: '', late: '' };
  const listen = async (name: keyof typeof heard) => {
    const stream = await alice.openConsole(undefined, name !== 'program');
    stream.on('data', bytes => {
      heard[name] += bytes;
    });
    return stream.resume();
  };
  const streams = [await listen('terminal'), await listen('program')];
  await until(async () => heard.terminal.includes('rockpro64-1 will be released at'), 4000);
  streams.push(await listen('late'));
  await until(async () => heard.late.includes('labcli extend'), 2000);
  expect(heard.program).toBe('');
  expect(await stateOf()).toMatchObject({ endsSoon: true });
  const ended = Promise.all(streams.map(stream => once(stream, 'close')));
  await until(async () => (await stateOf())?.state === 'free');
  await ended;
});

test('a claim that is held lives by its connection: it is released a grace after the connection is lost', async () => {
  lab = await startLabd(1, '4h', text => editLab(text, [[['reservations'], { hold_grace: '1s' }]]));
  const { claim, hangUp } = await holdBoard(lab.client('alice'));
  await new Promise(resolve => setTimeout(resolve, 1500));
  expect(await stateOf()).toMatchObject({ state: 'claimed', epoch: claim.epoch });
  await hangUp();
  await until(async () => (await stateOf())?.awayUntilMs !== undefined, 2000);
  await until(async () => (await stateOf())?.state === 'free', 5000);
  const { claims } = await lab.client('alice').call('GET /v1/history', {});
  expect(claims).toMatchObject([{ board: claim.board, user: 'alice', reason: 'disconnected' }]);
});

test('who gets a claim that was held keeps it when the giver hangs up', async () => {
  lab = await startLabd(1, '4h', text => editLab(text, [[['reservations'], { hold_grace: '1s' }]]));
  const { claim, stream, hangUp } = await holdBoard(lab.client('alice'));
  await lab.client('alice').call('POST /v1/transfer', { user: 'bob' });
  expect((await stream.next()).value).toMatchObject({ event: 'ended', board: claim.board });
  await hangUp();
  await new Promise(resolve => setTimeout(resolve, 2500));
  const state = await stateOf();
  expect(state).toMatchObject({ state: 'claimed', user: 'bob', epoch: claim.epoch });
  expect(state?.awayUntilMs).toBeUndefined();
});

test('what runs in the jail of a held claim cannot stand in for the connection', async () => {
  lab = await startLabd(1, '4h', text => editLab(text, [[['reservations'], { hold_grace: '5s' }]]));
  const { claim, hangUp } = await holdBoard(lab.client('alice'));
  await hangUp();
  await until(async () => (await stateOf())?.awayUntilMs !== undefined, 2000);
  const inside = createClient({ socketPath: lab.jailSocket(claim.board, 'labd.sock'), user: 'alice' });
  await expect(inside.runOperation({ kind: 'hold', body: {} }).next()).rejects.toMatchObject({ code: 'denied' });
  expect((await stateOf())?.awayUntilMs).toBeDefined();
});

test('reconnecting in time resumes a claim that is held', async () => {
  lab = await startLabd(1, '4h', text => editLab(text, [[['reservations'], { hold_grace: '5s' }]]));
  const alice = lab.client('alice');
  const { claim, hangUp } = await holdBoard(alice);
  await hangUp();
  await until(async () => (await stateOf())?.awayUntilMs !== undefined, 2000);
  const resumed = await holdBoard(alice, {});
  expect(resumed.claim.epoch).toBe(claim.epoch);
  expect((await stateOf())?.awayUntilMs).toBeUndefined();
  await release(alice);
  const { value } = await resumed.stream.next().catch(error => ({ value: error }));
  expect(value).toMatchObject({ event: 'ended', board: claim.board });
});

test('a held claim outlives a restart of labd, for its connection comes back', async () => {
  lab = await startLabd(1, '4h', text => editLab(text, [[['reservations'], { hold_grace: '2s' }]]));
  const { stream } = await holdBoard(lab.client('alice'));
  const next = stream.next();
  next.catch(() => {});
  await lab.restart();
  await new Promise(resolve => setTimeout(resolve, 3500));
  expect(await stateOf()).toMatchObject({ state: 'claimed' });
  // A generator that waits ends when the connection does, with the lab.
  void stream.return(undefined);
});

test('a claim that was waited for, over a restart of labd, lives by its connection already while it is built', async () => {
  lab = await startLabd(1, '4h', text => editLab(text, [[['reservations'], { hold_grace: '1s' }]]));
  const [alice, bob] = [lab.client('alice'), lab.client('bob')];
  await claimBoard(alice);
  const body = { wants: [{ class: 'rockpro64', labels: [] }], wait: true, hold: true };
  const stream = bob.runOperation({ kind: 'claim', body });
  const seen: OperationEvent[] = [];
  const following = (async () => {
    for await (const event of stream) {
      seen.push(event);
      if (event.event === 'operation') return;
    }
  })();
  await until(async () => seen.some(({ event }) => event === 'waiting'));
  await lab.restart();
  // It has come back to its place.
  await until(async () => seen.filter(({ event }) => event === 'waiting').length > 1);
  await release(alice);
  await following;
  await until(async () => (await stateOf())?.awayUntilMs !== undefined, 2000);
  await until(async () => (await stateOf())?.state === 'free', 5000);
});

test('share lets a colleague use console and power, unshare ends that at once, and both are in the log', async () => {
  lab = await startLabd(1);
  const [alice, bob] = [lab.client('alice'), lab.client('bob')];
  const { board } = await claimBoard(alice);
  await expect(bob.setPower({ action: 'on', board })).rejects.toMatchObject({ code: 'denied' });
  expect((await alice.call('POST /v1/share', { user: 'bob' })).claim.sharedWith).toEqual(['bob']);
  expect(await bob.setPower({ action: 'on' })).toEqual({ board, power: 'on' });
  expect(lab.jaild.jails.get(board)?.sharedWith).toEqual(['bob']);
  const console = await bob.openConsole();
  await expect(release(bob)).rejects.toMatchObject({ code: 'denied', message: /only alice may release/ });
  await expect(alice.call('POST /v1/share', { user: 'bbo' })).rejects.toMatchObject({ hint: 'did you mean bob?' });
  const ended = once(console.resume(), 'close');
  await alice.call('POST /v1/unshare', { user: 'bob' });
  await ended;
  await expect(bob.setPower({ action: 'off', board })).rejects.toMatchObject({ code: 'denied' });
  const events: LabEvent[] = [];
  for await (const event of alice.tellEvents({ follow: false })) events.push(event);
  const told = events.filter(({ kind }) => /share|power/.test(kind)).map(({ kind, actor }) => `${kind} ${actor}`);
  expect(told).toEqual(['claim-shared alice', 'power-switched bob', 'claim-unshared alice']);
});

test('transfer gives the claim away: the giver loses it, the taker has it as it is', async () => {
  lab = await startLabd(1);
  const [alice, bob] = [lab.client('alice'), lab.client('bob')];
  const { board, epoch } = await claimBoard(alice);
  const console = await alice.openConsole();
  const ended = once(console.resume(), 'close');
  const { claim } = await alice.call('POST /v1/transfer', { user: 'bob' });
  expect(claim).toMatchObject({ board, epoch, user: 'bob' });
  await ended;
  await expect(alice.setPower({ action: 'on', board })).rejects.toMatchObject({ code: 'denied' });
  expect(await bob.setPower({ action: 'on' })).toMatchObject({ power: 'on' });
  expect(lab.jaild.jails.get(board)).toMatchObject({ user: 'bob', epoch });
});
