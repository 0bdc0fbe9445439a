import { type CrashBench, startCrashBench } from '../crash/crash-bench.ts';
import { createLogCheck } from '../crash/event-log.ts';
import { findLeaks, readHostState } from '../crash/host-state.ts';
import { type Kill, victims } from '../crash/run-and-kill.ts';
import { type Round, runRound, type ScenarioName, scenarios } from '../crash/scenarios.ts';
import type { Outcome } from './lab-under-test.ts';

/**
 * Daemons are killed at every step of every operation; then the state must converge by itself. `npm run crash-test` does the
 * same at random moments, for as many rounds as one likes.
 */
let bench: CrashBench;
beforeAll(async () => {
  bench = await startCrashBench();
});
afterAll(() => bench?.stop());
afterEach(async () => {
  expect(await bench.clear()).toEqual([]);
  expect(await bench.findLeaks()).toEqual([]);
});

/** A reinit leaves its claim to the next round. */
async function runRoundOf(name: ScenarioName, kill: Kill): Promise<Round> {
  const round = name === 'reinit' ? await scenarios.reinit.run(bench, kill) : await runRound(bench, name, kill);
  expect({ ...kill, wrong: round.wrong }).toEqual({ ...kill, wrong: [] });
  return round;
}

/** Kills the victim as the first line of progress appears, then at the next (or the one after that), and so on until there is none. */
async function killAtLines(name: ScenarioName, victim: Kill['victim'], leastLines: number, stride = 1): Promise<void> {
  let line = 1;
  while ((await runRoundOf(name, { victim, moment: { line } })).isInTime) line += stride;
  expect(line).toBeGreaterThan(leastLines);
}

for (const victim of victims) {
  const who = victim === 'both' ? 'labd and jaild' : victim;
  test(
    `kill -9 of ${who} at each step of a claim: an acknowledged claim is there, and none is half there`,
    () => killAtLines('claim', victim, 3),
    120_000,
  );

  test(
    `kill -9 of ${who} at each step of a reinit: the claim stays, the jail is clean`,
    () => killAtLines('reinit', victim, 3),
    120_000,
  );

  test(
    `kill -9 of ${who} at each step of a release: the board is free and clean`,
    () => killAtLines('release', victim, 2),
    120_000,
  );
}

test(
  'kill -9 of labd and jaild at every other step of a claim of two boards: it has both or none',
  () => killAtLines('claim of two', 'both', 5, 2),
  120_000,
);

test(
  'kill -9 of labd and jaild at every other step of a hand-over: the board goes to the first who waits',
  () => killAtLines('hand-over', 'both', 2, 2),
  120_000,
);

test('kill -9 of labd around an extension: an acknowledged one is there, and no lease is shortened', async () => {
  for (const moment of [{ afterMs: 150 }, { afterMs: 250 }, 'answer'] as const) {
    await runRoundOf('extend', { victim: 'labd', moment });
  }
}, 60_000);

test('kill -9 of labd and jaild just before and just after a lease runs out: it ends as expired, and clean', async () => {
  for (const afterMs of [900, 1100]) await runRoundOf('expire', { victim: 'both', moment: { afterMs } });
}, 90_000);

test('kill -9 of labd and jaild while two wait: they keep their places, and get boards in their order', async () => {
  await runRoundOf('wait', { victim: 'both', moment: { afterMs: 0 } });
}, 60_000);

test('all programs of the lab killed at once, jails too: the claim is there again after the restart', async () => {
  const { lab } = bench;
  expect((await lab.ssh('labhost', 'labcli', 'claim', 'rockpro64')).code).toBe(0);
  const [held] = (await bench.rest()).filter(({ user }) => user === 'alice');
  const pids = await Promise.all([lab.pidOf('labd'), lab.pidOf('jaild'), lab.pidOf('vlab')]);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await lab.inside('pkill', '-KILL', '-f', 'runsvdir -P /etc/service');
  await lab.inside('pkill', '-KILL', 'ganesha');
  const deadline = Date.now() + 30_000;
  let answer: Outcome | undefined;
  while (Date.now() < deadline) {
    answer = await lab.ssh(String(held?.handle), '-o', 'ConnectTimeout=2', 'hostname');
    if (answer.code === 0) break;
  }
  expect(answer?.stdout.trim()).toBe(held?.handle);
  const after = (await bench.rest()).filter(({ user }) => user === 'alice');
  expect(after).toEqual([expect.objectContaining({ handle: held?.handle, epoch: held?.epoch })]);
}, 90_000);

test('what must not be would be seen: a second holder, a lost epoch, something left behind', async () => {
  const granted = {
    id: 1,
    seq: 1,
    atMs: 0,
    kind: 'claim-granted',
    board: 'a',
    user: 'alice',
    actor: 'alice',
    epoch: 1,
  } as const;
  const detail = { request: 1, expiresAtMs: 0 };
  const ended = { ...granted, id: 2, kind: 'claim-ended', detail: { reason: 'released' } } as const;
  const events = [{ ...granted, detail }, ended];
  expect(createLogCheck().take(events)).toEqual([]);
  expect(
    createLogCheck().take([
      { ...granted, detail },
      { ...granted, id: 2, epoch: 2, user: 'bob', detail },
    ]),
  ).toEqual(['event 2: a is given to bob while alice holds it']);
  expect(createLogCheck().take([...events, { ...granted, id: 3, epoch: 3, detail }])).toEqual([
    'event 3: the epoch of a goes from 1 to 3',
  ]);
  const { lab } = bench;
  const before = await readHostState(lab);
  await lab.inside('sh', '-c', 'mkdir /run/labcli/left && mount -t tmpfs tmpfs /run/labcli/left');
  expect(await findLeaks(lab, before, 0)).toEqual(['file /run/labcli/left', 'mount /run/labcli/left']);
  await lab.inside('sh', '-c', 'umount /run/labcli/left && rmdir /run/labcli/left');
  expect(await findLeaks(lab, before)).toEqual([]);
}, 60_000);
