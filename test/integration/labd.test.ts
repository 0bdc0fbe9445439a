import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { claimBoard, type LabdUnderTest, release, runToEnd, startLabd } from './labd-under-test.ts';
import { until } from './until.ts';

let lab: LabdUnderTest;
const start = async (boards: number, lease?: string) => {
  lab = await startLabd(boards, lease);
  return { alice: lab.client('alice'), bob: lab.client('bob') };
};
afterEach(() => lab?.stop());

const boardsOf = async () => (await lab.client('alice').listBoards({ isMine: false })).boards;

test('50 claims of 10 boards at once: 10 holders, and the others are told who has them', async () => {
  const { alice, bob } = await start(10);
  const results = await Promise.allSettled(
    Array.from({ length: 50 }, (_, index) => claimBoard(index % 2 === 0 ? alice : bob)),
  );
  const won = results.flatMap(result => (result.status === 'fulfilled' ? [result.value.board] : []));
  expect(new Set(won).size).toBe(10);
  const lost = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []));
  expect(lost).toHaveLength(40);
  for (const error of lost) expect(error).toMatchObject({ code: 'busy', hint: expect.stringMatching(/alice|bob/) });
});

test('a claim hands the board out off, reinit keeps its epoch, and the next claim gets the board idle the longest', async () => {
  const { alice } = await start(2);
  const first = await claimBoard(alice);
  expect(lab.journal).toEqual([`power off ${first.board}`, `build ${first.board}`]);
  const again = await runToEnd(alice, { kind: 'reinit', body: {} });
  expect(again.at(-1)).toMatchObject({ event: 'done', claims: [{ board: first.board, epoch: first.epoch }] });
  await release(alice);
  const second = await claimBoard(alice);
  expect(second.board).not.toBe(first.board);
  await release(alice);
  expect(await claimBoard(alice)).toMatchObject({ board: first.board, epoch: first.epoch + 1 });
});

test('release ends console and sockets and takes power before the jail goes, and only then is the board free', async () => {
  const { alice } = await start(1);
  const { board } = await claimBoard(alice, true);
  const reader = await alice.openConsole();
  reader.once('close', () => lab.journal.push('console closed')).resume();
  lab.journal.length = 0;
  lab.jaild.hold(true);
  const released = release(alice);
  await until(async () => lab.journal.length === 2);
  expect([...lab.journal].sort()).toEqual(['console closed', `power off ${board}`]);
  expect(existsSync(lab.jailSocket(board, 'labd.sock'))).toBe(false);
  expect(existsSync(lab.jailSocket(board, 'console.sock'))).toBe(false);
  expect(await boardsOf()).toMatchObject([{ state: 'claimed', operation: 'release' }]);
  await expect(claimBoard(lab.client('bob'))).rejects.toMatchObject({ code: 'busy' });
  lab.jaild.hold(false);
  await released;
  expect(lab.journal.at(-1)).toBe(`remove ${board}`);
  expect(await boardsOf()).toMatchObject([{ state: 'free', power: 'off' }]);
});

test('all readers of a console see the same, writers are heard, and the next holder sees nothing of it', async () => {
  const { alice, bob } = await start(1);
  const { board } = await claimBoard(alice);
  const seen: string[] = ['', ''];
  const readers = [await alice.openConsole(), connect(lab.jailSocket(board, 'console.sock'))];
  for (const [index, reader] of readers.entries()) reader.on('data', bytes => (seen[index] += bytes)).resume();
  await sleep(50);
  lab.line(board).send(Buffer.from('secret of alice'));
  for (const reader of readers) reader.write('typed ');
  await until(async () => seen.every(text => text === 'secret of alice'));
  await until(async () => lab.line(board).received().toString() === 'typed typed ');
  await release(alice);
  await claimBoard(bob);
  const next = await bob.openConsole();
  const answer = once(next, 'data');
  next.resume();
  lab.line(board).send(Buffer.from('fresh'));
  expect(String((await answer)[0])).toBe('fresh');
  next.destroy();
});

test('a claim whose jail cannot be built is undone, and says why', async () => {
  const { alice } = await start(1);
  lab.jaild.fail('build', 'no space left');
  await expect(claimBoard(alice)).rejects.toMatchObject({ code: 'device', message: 'no space left' });
  expect(await boardsOf()).toMatchObject([{ state: 'free' }]);
  lab.jaild.fail('build', undefined);
  expect(await claimBoard(alice)).toMatchObject({ epoch: 2 });
});

test('a board that cannot be cleaned up is not handed out, until it can', async () => {
  const { alice } = await start(1);
  lab.power('rockpro64-1').fail('refuses');
  await expect(claimBoard(alice)).rejects.toMatchObject({ code: 'device' });
  expect(await boardsOf()).toMatchObject([
    { state: 'quarantined', bars: [{ kind: 'dirty', reason: expect.stringContaining('it refused') }] },
  ]);
  await expect(claimBoard(alice)).rejects.toMatchObject({ code: 'busy' });
  lab.power('rockpro64-1').fail(undefined);
  await until(async () => (await boardsOf())[0]?.state === 'free');
}, 30_000);

test('a release that fails keeps the claim and quarantines the board; one that succeeds lifts that', async () => {
  const { alice } = await start(1);
  await claimBoard(alice);
  lab.jaild.fail('remove', 'the mount is busy');
  await expect(release(alice)).rejects.toMatchObject({ code: 'device', message: 'the mount is busy' });
  expect(await boardsOf()).toMatchObject([{ state: 'quarantined', user: 'alice' }]);
  lab.jaild.fail('remove', undefined);
  await release(alice);
  expect(await boardsOf()).toMatchObject([{ state: 'free' }]);
});

test('a reinit that fails keeps the claim', async () => {
  const { alice } = await start(1);
  const { epoch } = await claimBoard(alice);
  lab.jaild.fail('build', 'no space left');
  await expect(runToEnd(alice, { kind: 'reinit', body: {} })).rejects.toMatchObject({ message: 'no space left' });
  expect(await boardsOf()).toMatchObject([{ state: 'claimed', user: 'alice', epoch }]);
});

test.each(['claim', 'reinit', 'release'] as const)(
  'a %s that runs when labd stops is ended by the next labd',
  async kind => {
    const { alice } = await start(1);
    if (kind !== 'claim') await claimBoard(alice);
    lab.jaild.hold(true);
    const body = kind === 'claim' ? { wants: [{ class: 'rockpro64', labels: [] }] } : {};
    const operation = runToEnd(alice, { kind, body } as Parameters<typeof runToEnd>[1]);
    await until(async () => (await boardsOf())[0]?.operation === kind);
    await sleep(100);
    await lab.restart();
    lab.jaild.hold(false);
    expect((await operation).at(-1)).toMatchObject({ event: 'done' });
    expect(await boardsOf()).toMatchObject([{ state: kind === 'release' ? 'free' : 'claimed' }]);
  },
);

test('a lease that ran out is released, and its holder may do nothing more', async () => {
  const { alice } = await start(1, '1s');
  const { board } = await claimBoard(alice);
  await until(async () => (await boardsOf())[0]?.state === 'free');
  expect(lab.jaild.jails.has(board)).toBe(false);
  await expect(alice.setPower({ action: 'on' })).rejects.toMatchObject({ code: 'not-found' });
});

test('a switch that refuses is a device failure; who is unknown or not the holder is denied', async () => {
  const { alice, bob } = await start(1);
  const { board } = await claimBoard(alice);
  await expect(bob.setPower({ action: 'on', board })).rejects.toMatchObject({
    code: 'denied',
    message: expect.stringContaining('alice'),
  });
  await expect(lab.client('mallory').listBoards({ isMine: false })).rejects.toMatchObject({ code: 'denied' });
  lab.power(board).fail('lies');
  await expect(alice.setPower({ action: 'on' })).rejects.toMatchObject({ code: 'device' });
  expect((await boardsOf())[0]?.power).toBe('unknown');
});
