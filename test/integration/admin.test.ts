import type { LabEvent } from '../../src/lab/event.ts';
import { editLab } from '../e2e/many-boards.ts';
import { claimBoard, type LabdUnderTest, release, runToEnd, startLabd } from './labd-under-test.ts';
import { until } from './until.ts';

let lab: LabdUnderTest;
afterEach(() => lab?.stop());

/** bob is the admin. */
const withAdmin = (text: string) =>
  editLab(text, [
    [['users', 0], { name: 'alice', keys: ['./keys/alice.pub'] }],
    [['users', 1, 'role'], 'admin'],
  ]);
const withCheck = (more: object) => (text: string) =>
  editLab(withAdmin(text), [[['classes', 0, 'health'], { expect: 'login: ', within: '1s', ...more }]]);
const start = async (boards: number, change = withAdmin) => {
  lab = await startLabd(boards, '4h', change);
  return { alice: lab.client('alice'), admin: lab.client('bob') };
};
const boardsOf = async () => (await lab.client('alice').listBoards({ isMine: false })).boards;

test('only an admin may do what is an admin’s', async () => {
  const { alice } = await start(1);
  const bar = { board: 'rockpro64-1', kind: 'offline', reason: 'mine' } as const;
  await expect(alice.call('POST /v1/admin/bar', bar)).rejects.toMatchObject({ code: 'denied' });
  await expect(alice.call('POST /v1/admin/reload', {})).rejects.toMatchObject({ code: 'denied' });
  const throwOut = runToEnd(alice, { kind: 'admin/release', body: { board: 'rockpro64-1' } });
  await expect(throwOut).rejects.toMatchObject({ code: 'denied' });
});

test('admin release throws the holder out, only if it is the one who is meant, and ends their requests when asked', async () => {
  const { alice, admin } = await start(1);
  const { board } = await claimBoard(alice);
  const wants = [{ class: 'rockpro64', labels: [] }];
  const waiting = alice.runOperation({ kind: 'claim', body: { wants, wait: true } });
  await waiting.next();
  const wrong = runToEnd(admin, { kind: 'admin/release', body: { board, ifHolder: 'bob' } });
  await expect(wrong).rejects.toMatchObject({ code: 'busy', message: `${board} is held by alice, not by bob` });
  const body = { board, ifHolder: 'alice', reason: 'gone home', cancelWaiting: true };
  await runToEnd(admin, { kind: 'admin/release', body });
  expect(await boardsOf()).toMatchObject([{ state: 'free' }]);
  expect((await alice.call('GET /v1/requests', {})).requests).toEqual([]);
  const { claims } = await alice.call('GET /v1/history', { board });
  expect(claims).toMatchObject([{ user: 'alice', reason: 'removed by an admin' }]);
  const events: LabEvent[] = [];
  for await (const event of alice.tellEvents({ follow: false, board })) events.push(event);
  expect(events.find(({ kind }) => kind === 'claim-ended')).toMatchObject({
    actor: 'bob',
    user: 'alice',
    cause: 'gone home',
  });
});

test('admin release ends only those requests that could get the board again, and none if it is refused', async () => {
  const { alice, admin } = await start(2, text => editLab(withAdmin(text), [[['boards', 1, 'labels'], ['sdmux']]]));
  await claimBoard(alice);
  await claimBoard(alice);
  const waiting = alice.runOperation({
    kind: 'claim',
    body: { wants: [{ class: 'rockpro64', labels: ['sdmux'] }], wait: true },
  });
  await waiting.next();
  const queued = async () => (await alice.call('GET /v1/requests', {})).requests.length;
  await runToEnd(admin, { kind: 'admin/release', body: { board: 'rockpro64-1', cancelWaiting: true } });
  expect(await queued()).toBe(1);
  lab.jaild.hold(true);
  const first = runToEnd(alice, { kind: 'reinit', body: { board: 'rockpro64-2' } });
  await until(async () => (await boardsOf())[1]?.operation === 'reinit');
  const refused = runToEnd(admin, { kind: 'admin/release', body: { board: 'rockpro64-2', cancelWaiting: true } });
  await expect(refused).rejects.toMatchObject({ code: 'busy' });
  expect(await queued()).toBe(1);
  // An admin can wait for the end of what runs, too.
  const body = { board: 'rockpro64-2', cancelWaiting: true, wait: true };
  const second = runToEnd(admin, { kind: 'admin/release', body });
  lab.jaild.hold(false);
  await first;
  expect((await second).at(-1)).toMatchObject({ event: 'done', claims: [] });
  expect(await queued()).toBe(0);
  const ended = waiting.next().then(() => waiting.next());
  await expect(ended).rejects.toMatchObject({ message: 'an admin has ended your request' });
});

test('a board that is offline is given to nobody, with the reason; who holds it keeps it; online gives it to the first waiter', async () => {
  const { alice, admin } = await start(1);
  const { board } = await claimBoard(alice);
  await admin.call('POST /v1/admin/bar', { board, kind: 'offline', reason: 'being moved' });
  expect(await alice.setPower({ action: 'on' })).toMatchObject({ power: 'on' });
  await release(alice);
  expect(await boardsOf()).toMatchObject([{ state: 'offline', bars: [{ kind: 'offline', reason: 'being moved' }] }]);
  await expect(claimBoard(alice)).rejects.toMatchObject({ code: 'busy', hint: expect.stringContaining('being moved') });
  const wants = [{ class: 'rockpro64', labels: [] }];
  const waiting = runToEnd(alice, { kind: 'claim', body: { wants, wait: true } });
  await until(async () => (await alice.call('GET /v1/requests', {})).requests.length === 1);
  await admin.call('POST /v1/admin/unbar', { board });
  expect((await waiting).at(-1)).toMatchObject({ event: 'done', claims: [{ board, user: 'alice' }] });
});

test('leases end before a maintenance window, in it nobody has the board, and after it somebody has', async () => {
  const { alice, admin } = await start(1);
  const board = 'rockpro64-1';
  const startsAtMs = Date.now() + 2 * 3_600_000;
  const window = { startsAtMs, endsAtMs: startsAtMs + 1000 };
  await admin.call('POST /v1/admin/bar', { board, kind: 'maintenance', reason: 'new disk', ...window });
  await expect(claimBoard(alice)).rejects.toMatchObject({
    code: 'busy',
    hint: expect.stringContaining('a shorter `--for`'),
  });
  const wants = [{ class: 'rockpro64', labels: [] }];
  await runToEnd(alice, { kind: 'claim', body: { wants, leaseMs: 3_600_000 } });
  await expect(alice.call('POST /v1/extend', { leaseMs: 3 * 3_600_000 })).rejects.toMatchObject({
    code: 'busy',
    message: /new disk/,
  });
  await release(alice);
  const soon = { startsAtMs: Date.now(), endsAtMs: Date.now() + 1500 };
  await admin.call('POST /v1/admin/bar', { board, kind: 'maintenance', reason: 'new disk', ...soon });
  expect(await boardsOf()).toMatchObject([{ state: 'offline' }]);
  const waiting = await runToEnd(alice, { kind: 'claim', body: { wants, wait: true } });
  expect(waiting.at(-1)).toMatchObject({ event: 'done' });
});

test('several reasons can stand, and each is lifted by itself', async () => {
  const { admin } = await start(1, withCheck({}));
  const board = 'rockpro64-1';
  await expect(runToEnd(admin, { kind: 'admin/check', body: { board } })).rejects.toMatchObject({ code: 'device' });
  await admin.call('POST /v1/admin/bar', { board, kind: 'offline', reason: 'moved' });
  expect((await boardsOf())[0]?.bars.map(({ kind }) => kind)).toEqual(['health', 'offline']);
  await admin.call('POST /v1/admin/unbar', { board, kind: 'offline' });
  expect((await boardsOf())[0]?.bars.map(({ kind }) => kind)).toEqual(['health']);
  await expect(admin.call('POST /v1/admin/unbar', { board, kind: 'offline' })).rejects.toMatchObject({
    code: 'not-found',
  });
});

/** The board says what is expected as soon as it has power. */
function answerAtPowerOn(board: string): void {
  void (async () => {
    await until(async () => lab.journal.includes(`power on ${board}`));
    lab.line(board).send(Buffer.from('Debian\r\nboard login: '));
  })();
}

test('a health check gives power, expects the pattern on the console, and takes power again; a failing board is quarantined', async () => {
  const { alice, admin } = await start(1, withCheck({}));
  const board = 'rockpro64-1';
  const check = () => runToEnd(admin, { kind: 'admin/check', body: { board } });
  await expect(check()).rejects.toMatchObject({ code: 'device', message: /did not say \/login: \/ within 1 s/ });
  expect(lab.journal).toEqual([
    `power off ${board}`,
    `build ${board}`,
    `power on ${board}`,
    `power off ${board}`,
    `remove ${board}`,
  ]);
  expect(await boardsOf()).toMatchObject([{ state: 'quarantined', bars: [{ kind: 'health' }] }]);
  await expect(claimBoard(alice)).rejects.toMatchObject({ code: 'busy', hint: expect.stringContaining('did not say') });
  lab.journal.length = 0;
  answerAtPowerOn(board);
  expect((await check()).at(-1)).toMatchObject({ event: 'done', claims: [] });
  expect(await boardsOf()).toMatchObject([{ state: 'free', bars: [] }]);
  expect(await claimBoard(alice)).toMatchObject({ board, epoch: 3 });
});

test('a check is due after so many claims, before the next one', async () => {
  const { alice } = await start(1, withCheck({ after_claims: 2 }));
  const board = 'rockpro64-1';
  for (let round = 0; round < 2; round++) {
    await claimBoard(alice);
    await release(alice);
  }
  expect((await boardsOf())[0]?.bars.map(({ kind }) => kind)).toEqual(['check-due']);
  lab.journal.length = 0;
  answerAtPowerOn(board);
  await until(async () => (await boardsOf())[0]?.state === 'free');
  expect(lab.journal).toContain(`power on ${board}`);
});

test('a check is due every so often, and after a clean-up that failed', async () => {
  const { alice } = await start(1, withCheck({ every: '1h' }));
  const board = 'rockpro64-1';
  answerAtPowerOn(board);
  await until(async () => (await boardsOf())[0]?.state === 'free' && lab.journal.includes(`remove ${board}`));
  expect(lab.journal).toContain(`power on ${board}`);
  lab.power(board).fail('refuses');
  await expect(claimBoard(alice)).rejects.toMatchObject({ code: 'device' });
  expect((await boardsOf())[0]?.bars.map(({ kind }) => kind)).toEqual(['dirty']);
  lab.journal.length = 0;
  lab.power(board).fail(undefined);
  answerAtPowerOn(board);
  await until(async () => (await boardsOf())[0]?.state === 'free');
  expect(lab.journal).toContain(`power on ${board}`);
}, 60_000);

test('a board that is held is not checked', async () => {
  const { alice, admin } = await start(1, withCheck({}));
  const { board } = await claimBoard(alice);
  const check = runToEnd(admin, { kind: 'admin/check', body: { board } });
  await expect(check).rejects.toMatchObject({ code: 'busy', message: `${board} is held by alice` });
});

test('reload takes over new boards, and a board that is removed while claimed stays until it is released', async () => {
  const { alice, admin } = await start(2);
  await claimBoard(alice);
  const { board } = await claimBoard(alice);
  expect(board).toBe('rockpro64-2');
  const [before = '', rest = ''] = lab.labYaml.split(/(?= {2}- handle: rockpro64-2\n)/);
  const after = rest.slice(rest.search(/\n\S/));
  lab.writeConfig(before.trimEnd() + after);
  expect(await admin.call('POST /v1/admin/reload', {})).toEqual({ added: [], removed: [board], kept: [board] });
  expect(lab.journal).toContain('reload');
  expect(await alice.setPower({ action: 'on', board })).toMatchObject({ power: 'on' });
  await release(alice, board);
  expect((await boardsOf()).map(({ handle }) => handle)).toEqual(['rockpro64-1']);
  lab.writeConfig(lab.labYaml);
  expect(await admin.call('POST /v1/admin/reload', {})).toMatchObject({ added: [board] });
  lab.writeConfig('name: [');
  await expect(admin.call('POST /v1/admin/reload', {})).rejects.toMatchObject({
    code: 'usage',
    message: /lab\.yaml:1/,
  });
  expect((await boardsOf()).map(({ handle }) => handle)).toEqual(['rockpro64-1', board]);
});

test('who is not in lab.yaml any more waits for nothing, and may do nothing', async () => {
  const { alice, admin } = await start(1);
  await claimBoard(admin);
  const request = { kind: 'claim', body: { wants: [{ class: 'rockpro64', labels: [] }], wait: true } } as const;
  const waiting = runToEnd(alice, request);
  waiting.catch(() => {});
  const queue = async () => (await admin.call('GET /v1/requests', {})).requests.map(({ user }) => user);
  await until(async () => (await queue()).length === 1);
  const users = [{ name: 'bob', role: 'admin', keys: ['./keys/bob.pub'] }];
  lab.writeConfig(editLab(lab.labYaml, [[['users'], users]]));
  await admin.call('POST /v1/admin/reload', {});
  await expect(waiting).rejects.toMatchObject({ code: 'denied', message: 'an admin has ended your request' });
  expect(await queue()).toEqual([]);
  await expect(runToEnd(alice, request)).rejects.toMatchObject({
    code: 'denied',
    message: 'lab.yaml has no user alice',
  });
});

test('history, usage and events say who had what, and events can be followed as they come', async () => {
  const { alice } = await start(1);
  const seen: LabEvent[] = [];
  const stream = alice.tellEvents({ follow: true });
  const following = (async () => {
    for await (const event of stream) seen.push(event);
  })();
  following.catch(() => {});
  const { board } = await claimBoard(alice);
  await release(alice);
  await until(async () => seen.some(({ kind }) => kind === 'claim-ended'));
  expect(seen.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['request-queued', 'claim-granted', 'operation-begun', 'operation-ended', 'claim-ended']),
  );
  expect(seen.map(({ id }) => id)).toEqual([...seen.map(({ id }) => id)].sort((a, b) => a - b));
  const { claims } = await alice.call('GET /v1/history', { user: 'alice' });
  expect(claims).toMatchObject([{ board, user: 'alice', epoch: 1, reason: 'released' }]);
  expect((await alice.call('GET /v1/usage', {})).usage).toMatchObject([
    { user: 'alice', class: 'rockpro64', claims: 1 },
  ]);
  // What wakes nobody who waits for a board is told, too.
  await claimBoard(alice);
  await alice.setPower({ action: 'on' });
  await until(async () => seen.some(({ kind }) => kind === 'power-switched'), 2000);
  await lab.stop();
  await expect(following).rejects.toMatchObject({ code: 'unreachable', message: /no more events/ });
});

test('a second caller is told what is running, or waits for its end', async () => {
  const { alice } = await start(1);
  const { board } = await claimBoard(alice);
  lab.jaild.hold(true);
  const first = runToEnd(alice, { kind: 'reinit', body: {} });
  await until(async () => (await boardsOf())[0]?.operation === 'reinit');
  await expect(release(alice)).rejects.toMatchObject({
    code: 'busy',
    message: `${board} is busy: its reinit is running (alice)`,
  });
  const second = runToEnd(alice, { kind: 'release', body: { wait: true } });
  lab.jaild.hold(false);
  await first;
  expect((await second).at(-1)).toMatchObject({ event: 'done', claims: [] });
});
