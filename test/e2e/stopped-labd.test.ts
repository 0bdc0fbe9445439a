import { setTimeout as sleep } from 'node:timers/promises';
import type { BoardList, ClaimedBoard } from '../../src/api/messages.ts';
import { type LabUnderTest, readExampleLab, startLab } from './lab-under-test.ts';
import { editLab } from './many-boards.ts';

/** A labd that is stopped (SIGSTOP) finds leases that ran out meanwhile when it goes on: nobody could ask it for more time. */
const graceMs = 10_000;
let lab: LabUnderTest;
beforeAll(async () => {
  lab = await startLab(editLab(readExampleLab(), [[['reservations', 'outage_grace'], `${graceMs / 1000}s`]]));
});
afterAll(() => lab?.stop());

async function stopLabdFor(ms: number): Promise<void> {
  const pid = await lab.pidOf('labd');
  process.kill(pid, 'SIGSTOP');
  try {
    await sleep(ms);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

const claimFor = (lease: string) => lab.json<ClaimedBoard>('alice', 'claim', 'rockpro64', '--for', lease);
const holders = async () => (await lab.json<BoardList>('alice', 'status')).boards.map(({ user }) => user ?? '-').sort();

async function waitForHolders(expected: readonly string[], withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (String(await holders()) !== String(expected)) {
    if (performance.now() > deadline) throw new Error(`${expected} are not the holders, but ${await holders()}`);
    await sleep(100);
  }
}

test('stopped for a few seconds: what ran out meanwhile ends when it goes on', async () => {
  await claimFor('4s');
  await stopLabdFor(5000);
  await waitForHolders(['-', '-'], 20_000);
}, 60_000);

test('stopped for long: what ran out meanwhile can still be extended, and ends after the grace if it is not', async () => {
  const [first, second] = [await claimFor('8s'), await claimFor('8s')];
  await stopLabdFor(17_000);
  const wokenAtMs = Date.now();
  expect(await holders()).toEqual(['alice', 'alice']);
  const extended = await lab.json<ClaimedBoard>('alice', 'extend', first.board, '--for', '1h');
  expect(extended.expiresAtMs).toBeGreaterThan(wokenAtMs + 3_000_000);
  await waitForHolders(['-', 'alice'], graceMs + 20_000);
  expect(Date.now()).toBeGreaterThan(wokenAtMs + graceMs - 2000);
  const { boards } = await lab.json<BoardList>('alice', 'status');
  expect(boards.find(({ user }) => user === 'alice')?.handle).toBe(first.board);
  expect((await lab.ssh(first.board, 'hostname')).stdout.trim()).toBe(first.board);
  expect(second.board).not.toBe(first.board);
}, 90_000);
