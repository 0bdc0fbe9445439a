import { setTimeout as sleep } from 'node:timers/promises';
import { parseDocument } from 'yaml';
import type { LabClient } from '../../src/api/client.ts';
import type { ClaimRequest, OperationEvent } from '../../src/api/messages.ts';
import { editLab } from '../e2e/many-boards.ts';
import { claimBoard, type LabdUnderTest, release, runToEnd, startLabd } from './labd-under-test.ts';
import { until } from './until.ts';

let lab: LabdUnderTest;
afterEach(() => lab?.stop());

/** bob has the role. */
const users = (role?: string) => [
  { name: 'alice', keys: ['./keys/alice.pub'] },
  { name: 'bob', ...(role && { role }), keys: ['./keys/bob.pub'] },
];
const anyBoard = { class: 'rockpro64', labels: [] };
const wish = (request: Partial<ClaimRequest> = {}) =>
  ({ kind: 'claim', body: { wants: [anyBoard], ...request } }) as const;

/** Waits in the queue in the background; `events` grows, `leave` hangs up. */
function waitFor(client: LabClient, request: Partial<ClaimRequest> = {}) {
  const events: OperationEvent[] = [];
  const stream = client.runOperation(wish({ wait: true, ...request }));
  const ended = (async () => {
    for await (const event of stream) events.push(event);
    return events.at(-1);
  })();
  ended.catch(() => {});
  const has = (kind: OperationEvent['event']) => events.some(({ event }) => event === kind);
  return {
    events,
    ended,
    has,
    places: () => events.flatMap(each => (each.event === 'waiting' ? [each.position] : [])),
  };
}

const queueOf = async (client: LabClient) => (await client.call('GET /v1/requests', {})).requests;

test('without a free board the answer is busy, with who holds them and until when', async () => {
  lab = await startLabd(1);
  await claimBoard(lab.client('alice'));
  const refusal = runToEnd(lab.client('bob'), wish());
  await expect(refusal).rejects.toMatchObject({
    code: 'busy',
    hint: expect.stringMatching(/^rockpro64-1: alice until \d{4}-.* UTC\n`--wait` waits/),
  });
  expect(await queueOf(lab.client('bob'))).toEqual([]);
});

test('a waiter is told place, holders and expected time, moves up, and gets the board that comes free', async () => {
  lab = await startLabd(1);
  const [alice, bob] = [lab.client('alice'), lab.client('bob')];
  const held = await claimBoard(alice);
  const first = waitFor(bob);
  await until(async () => first.has('waiting'));
  expect(first.events.find(({ event }) => event === 'waiting')).toMatchObject({
    position: 1,
    holders: [{ board: held.board, user: 'alice', untilMs: held.expiresAtMs }],
    expectedAtMs: held.expiresAtMs,
  });
  const second = waitFor(alice);
  await until(async () => second.has('waiting'));
  expect(second.places()).toEqual([2]);
  expect((await queueOf(alice)).map(({ user, position }) => [user, position])).toEqual([
    ['bob', 1],
    ['alice', 2],
  ]);
  await release(alice);
  expect(await first.ended).toMatchObject({ event: 'done', claims: [{ board: held.board, user: 'bob', epoch: 2 }] });
  await until(async () => second.places().at(-1) === 1);
  await release(bob);
  expect(await second.ended).toMatchObject({ event: 'done', claims: [{ user: 'alice', epoch: 3 }] });
});

test('the order is priority, then first come', async () => {
  lab = await startLabd(1, '4h', text =>
    editLab(text, [
      [['roles'], [{ name: 'ci', priority: 5 }]],
      [['users'], users('ci')],
    ]),
  );
  const [alice, bob] = [lab.client('alice'), lab.client('bob')];
  const { board } = await claimBoard(alice);
  const early = waitFor(alice);
  await until(async () => early.has('waiting'));
  const important = waitFor(bob);
  await until(async () => important.has('waiting'));
  expect(important.places()).toEqual([1]);
  await release(alice, board);
  expect(await important.ended).toMatchObject({ claims: [{ user: 'bob' }] });
  expect(early.has('done')).toBe(false);
});

test('a dead connection leaves the queue at once, and so does cancel', async () => {
  lab = await startLabd(1, '4h', text => editLab(text, [[['users'], users()]]));
  const [alice, bob] = [lab.client('alice'), lab.client('bob')];
  await claimBoard(alice);
  const stream = bob.runOperation(wish({ wait: true }));
  await stream.next();
  await until(async () => (await queueOf(alice)).length === 1);
  await stream.return(undefined);
  await until(async () => (await queueOf(alice)).length === 0, 2000);
  const waiting = waitFor(bob);
  await until(async () => waiting.has('waiting'));
  const [request] = await queueOf(alice);
  await expect(alice.call('POST /v1/cancel', { request: request?.id ?? 0 })).rejects.toMatchObject({ code: 'denied' });
  expect((await bob.call('POST /v1/cancel', {})).requests).toMatchObject([{ user: 'bob' }]);
  await expect(waiting.ended).rejects.toMatchObject({ code: 'denied', message: 'your request was cancelled' });
  await release(alice);
  expect((await alice.listBoards({ isMine: false })).boards).toMatchObject([{ state: 'free' }]);
});

test('whoever waits for so long at most is told when that is over', async () => {
  lab = await startLabd(1);
  await claimBoard(lab.client('alice'));
  const waiting = waitFor(lab.client('bob'), { waitMs: 1000 });
  await expect(waiting.ended).rejects.toMatchObject({ code: 'timeout' });
});

test('a place in the queue outlives labd', async () => {
  lab = await startLabd(1);
  const [alice, bob] = [lab.client('alice'), lab.client('bob')];
  await claimBoard(alice);
  const waiting = waitFor(bob);
  await until(async () => waiting.has('waiting'));
  await lab.restart();
  await release(alice);
  expect(await waiting.ended).toMatchObject({ event: 'done', claims: [{ user: 'bob' }] });
});

test('a board that is granted to somebody whose connection went with labd is given back', async () => {
  lab = await startLabd(1);
  const [alice, bob] = [lab.client('alice'), lab.client('bob')];
  await claimBoard(alice);
  const gone = bob.runOperation(wish({ wait: true }));
  await gone.next();
  const restarted = lab.restart();
  // Hangs up without a word to the labd that comes.
  void gone.return(undefined);
  await restarted;
  await release(alice);
  await until(async () => (await alice.listBoards({ isMine: false })).boards[0]?.user === 'bob', 5000);
  await until(async () => (await alice.listBoards({ isMine: false })).boards[0]?.state === 'free', 30_000);
  const { claims } = await alice.call('GET /v1/history', { user: 'bob' });
  expect(claims).toMatchObject([{ user: 'bob', reason: 'disconnected' }]);
}, 60_000);

test('by handle and by label; a wish that the lab can never meet does not wait', async () => {
  lab = await startLabd(3, '4h', text =>
    editLab(text, [
      [
        ['boards', 2, 'labels'],
        ['sdmux', 'ram=4g'],
      ],
    ]),
  );
  const alice = lab.client('alice');
  const byLabel = await runToEnd(alice, wish({ wants: [{ class: 'rockpro64', labels: ['sdmux', 'ram=4g'] }] }));
  expect(byLabel.at(-1)).toMatchObject({ claims: [{ board: 'rockpro64-3' }] });
  const byHandle = await runToEnd(alice, wish({ wants: [{ board: 'rockpro64-2', labels: [] }] }));
  expect(byHandle.at(-1)).toMatchObject({ claims: [{ board: 'rockpro64-2' }] });
  for (const want of [
    { class: 'rockpro64', labels: ['ram=8g'] },
    { board: 'rockpro64-9', labels: [] },
    { class: 'x86', labels: [] },
  ]) {
    await expect(runToEnd(alice, wish({ wants: [want], wait: true }))).rejects.toMatchObject({ code: 'not-found' });
  }
  const four = wish({ wants: [anyBoard, anyBoard, anyBoard, anyBoard], wait: true });
  await expect(runToEnd(alice, four)).rejects.toMatchObject({ code: 'not-found', message: /fewer than 4/ });
});

test('a wish that a change of lab.yaml made impossible does not wait for ever', async () => {
  lab = await startLabd(2, '4h', text => editLab(text, [[['users'], users('admin')]]));
  const [alice, admin] = [lab.client('alice'), lab.client('bob')];
  const [first, second] = [await claimBoard(alice), await claimBoard(alice)];
  expect([first.board, second.board]).toEqual(['rockpro64-1', 'rockpro64-2']);
  const both = waitFor(alice, { wants: [anyBoard, anyBoard] });
  const one = waitFor(alice);
  await until(async () => both.has('waiting') && one.has('waiting'));
  const document = parseDocument(lab.labYaml);
  document.deleteIn(['boards', 1]);
  lab.writeConfig(document.toString());
  await admin.call('POST /v1/admin/reload', {});
  await expect(both.ended).rejects.toMatchObject({
    code: 'not-found',
    message: 'lab.yaml has no board any more that you could get',
  });
  expect((await queueOf(alice)).map(({ wants }) => wants.length)).toEqual([1]);
  await release(alice, 'rockpro64-1');
  expect(await one.ended).toMatchObject({ event: 'done', claims: [{ board: 'rockpro64-1' }] });
});

test('several boards at once: all or none', async () => {
  lab = await startLabd(2);
  const [alice, bob] = [lab.client('alice'), lab.client('bob')];
  const both = await runToEnd(alice, wish({ wants: [anyBoard, anyBoard] }));
  expect(both.at(-1)).toMatchObject({ claims: [{ board: 'rockpro64-1' }, { board: 'rockpro64-2' }] });
  const waiting = waitFor(bob, { wants: [anyBoard, anyBoard] });
  await until(async () => waiting.has('waiting'));
  await release(alice, 'rockpro64-2');
  await sleep(300);
  expect(waiting.has('operation')).toBe(false);
  await release(alice, 'rockpro64-1');
  const last = await waiting.ended;
  expect(last?.event === 'done' && last.claims.map(({ user }) => user)).toEqual(['bob', 'bob']);
});

test('when one of several boards cannot be built, the others are given back', async () => {
  lab = await startLabd(2);
  const alice = lab.client('alice');
  lab.power('rockpro64-2').fail('refuses');
  await expect(runToEnd(alice, wish({ wants: [anyBoard, anyBoard] }))).rejects.toMatchObject({ code: 'device' });
  lab.power('rockpro64-2').fail(undefined);
  await until(async () => (await alice.listBoards({ isMine: false })).boards.every(({ state }) => state === 'free'));
  const { claims } = await alice.call('GET /v1/history', {});
  expect(claims.map(({ reason }) => reason)).toEqual(['failed', 'failed']);
});

test('quotas: boards at once, waiting requests and lease length; each error names its limit', async () => {
  lab = await startLabd(3, '4h', text =>
    editLab(text, [
      [['roles'], [{ name: 'guest', boards: 1, waiting: 1, lease: '1h' }]],
      [['users'], users('guest')],
    ]),
  );
  const bob = lab.client('bob');
  await expect(runToEnd(bob, wish({ leaseMs: 7_200_000 }))).rejects.toMatchObject({
    code: 'denied',
    message: 'a claim of rockpro64 may last 1h at most',
  });
  await expect(runToEnd(bob, wish({ wants: [anyBoard, anyBoard] }))).rejects.toMatchObject({
    code: 'denied',
    message: 'bob may have 1 board at once',
  });
  const { createdAtMs, expiresAtMs } = await claimBoard(bob);
  expect(expiresAtMs - createdAtMs).toBe(3_600_000);
  await expect(claimBoard(bob)).rejects.toMatchObject({
    code: 'denied',
    message: expect.stringContaining('1 is held'),
  });
});
