import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { BoardSummary, ClaimedBoard, HistoryList, QueueList } from '../../src/api/messages.ts';
import type { CrashBench } from './crash-bench.ts';
import { type Kill, killDaemons, type Moment, type RunningVerb, startVerb } from './run-and-kill.ts';

/** What a round came to. */
export interface Round {
  /** The verb ended with exit code 0: what it said must be so. */
  readonly isAcknowledged: boolean;
  /** The verb ran when the daemons were killed. */
  readonly isInTime: boolean;
  readonly wrong: readonly string[];
}

/** One operation with a kill in the middle. It begins with boards that nobody holds; for an operation on a claim, alice may have one. */
export type Scenario = (bench: CrashBench, kill: Kill) => Promise<Round>;

const heldBy = (boards: readonly BoardSummary[], user: string) => boards.filter(board => board.user === user);
const unless = (isSo: boolean, sentence: string) => (isSo ? [] : [sentence]);
const toldBoards = (stdout: string) => [...stdout.matchAll(/^(\S+) is yours$/gm)].map(match => String(match[1]));

/** Runs a round, and then gives everything back. */
export async function runRound(bench: CrashBench, name: ScenarioName, kill: Kill): Promise<Round> {
  const round = await scenarios[name].run(bench, kill);
  return { ...round, wrong: [...round.wrong, ...(await bench.clear())] };
}

async function setUpClaim(bench: CrashBench, ...words: readonly string[]): Promise<BoardSummary> {
  const [there] = heldBy(await bench.look(), 'alice');
  if (there) return there;
  const { code, stderr } = await bench.lab.ssh('labhost', 'labcli', 'claim', 'rockpro64', ...words);
  const [held] = heldBy(await bench.look(), 'alice');
  if (code !== 0 || !held) throw new Error(`the claim before the round fails: ${stderr}`);
  return held;
}

/** An acknowledged claim is there, none is half there, and of several boards there are all or none. */
const claimOf =
  (count: number): Scenario =>
  async (bench, kill) => {
    const words = Array.from({ length: count }, () => 'rockpro64');
    const { code, stdout, isInTime } = await bench.runAndKill(kill, 'alice', 'claim', ...words);
    const boards = await bench.rest();
    const held = heldBy(boards, 'alice').map(({ handle }) => handle);
    const told = toldBoards(stdout);
    const wrong = [
      ...unless(code !== 0 || (told.length === count && told.every(board => held.includes(board))), `${told} is lost`),
      ...unless(held.length === 0 || held.length === count, `${held.length} boards of ${count} are held`),
      ...unless(
        boards.every(({ bars }) => bars.length === 0),
        'a board is barred',
      ),
      ...(await bench.findWrongDoors(boards)),
    ];
    return { isAcknowledged: code === 0, isInTime, wrong };
  };

/** The claim stays, and the jail is clean once the reinit had begun. */
const reinit: Scenario = async (bench, kill) => {
  const before = await setUpClaim(bench);
  await bench.lab.ssh(before.handle, 'touch /root/old');
  const { code, stderr, isInTime } = await bench.runAndKill(kill, 'alice', 'reinit');
  const boards = await bench.rest();
  const [after] = heldBy(boards, 'alice');
  const { stdout } = await bench.lab.ssh(before.handle, 'ls /root/old');
  const hasBegun = code === 0 || stderr.includes(`${before.handle}: `);
  const wrong = [
    ...unless(after?.handle === before.handle && after.epoch === before.epoch, 'the claim is lost'),
    ...unless(!hasBegun || stdout === '', `the jail is not clean: ${stderr}`),
    ...(await bench.findWrongDoors(boards)),
  ];
  return { isAcknowledged: code === 0, isInTime, wrong };
};

/** The board is free once the release had begun; otherwise it is still held, jail and all. */
const release: Scenario = async (bench, kill) => {
  const before = await setUpClaim(bench);
  const { code, stderr, isInTime } = await bench.runAndKill(kill, 'alice', 'release');
  const boards = await bench.rest();
  const hasBegun = code === 0 || stderr.includes(`${before.handle}: `);
  const wrong = [
    ...unless(!hasBegun || heldBy(boards, 'alice').length === 0, `the claim is still there: ${stderr}`),
    ...(await bench.findWrongDoors(boards)),
  ];
  return { isAcknowledged: code === 0, isInTime, wrong };
};

/** An acknowledged extension is there; a lease is never shorter than it was. */
const extend: Scenario = async (bench, kill) => {
  const before = await setUpClaim(bench);
  const { code, stdout, isInTime } = await bench.runAndKill(kill, 'alice', 'extend', '--for', '6h', '--json');
  const boards = await bench.rest();
  const [after] = heldBy(boards, 'alice');
  const told = code === 0 ? (JSON.parse(stdout) as ClaimedBoard).expiresAtMs : 0;
  const wrong = [
    ...unless(after?.handle === before.handle && after.epoch === before.epoch, 'the claim is lost'),
    ...unless((after?.expiresAtMs ?? 0) >= Math.max(told, before.expiresAtMs ?? 0), 'the extension is lost'),
    ...unless(code !== 0 || told > (before.expiresAtMs ?? 0), 'the extension is none'),
    ...(await bench.findWrongDoors(boards)),
  ];
  return { isAcknowledged: code === 0, isInTime, wrong };
};

/** Longer than it takes to build a jail on a machine that is busy. */
const shortLeaseMs = 5000;
const expiryWithinMs = 30_000;

/** A lease that runs out while daemons are killed ends all the same, as what it is. The moment counts from a second before its end. */
const expire: Scenario = async (bench, { victim, moment }) => {
  const before = await setUpClaim(bench, '--for', `${shortLeaseMs / 1000}s`);
  const killAtMs = (before.expiresAtMs ?? 0) - 1000 + delayOf(moment);
  await sleep(Math.max(0, killAtMs - Date.now()));
  await killDaemons(bench.lab, victim);
  const deadline = performance.now() + expiryWithinMs;
  while (heldBy(await bench.look(), 'alice').length > 0 && performance.now() < deadline) await sleep(100);
  const { stdout } = await bench.lab.ssh('labhost', 'labcli', 'history', '--json', '--board', before.handle);
  const claim = (JSON.parse(stdout) as HistoryList).claims.find(({ epoch }) => epoch === before.epoch);
  const wrong = unless(claim?.reason === 'expired', `the lease that ran out ended so: ${claim?.reason}`);
  return { isAcknowledged: claim?.reason === 'expired', isInTime: true, wrong };
};

/** Two wait while the daemons are killed and nothing else happens: they keep their places, and get boards in their order. */
const wait: Scenario = async (bench, { victim, moment }) => {
  const waiters = await setUpQueue(bench);
  const before = await listQueue(bench);
  await sleep(delayOf(moment));
  await killDaemons(bench.lab, victim);
  await bench.rest();
  const after = await listQueue(bench);
  const wrong = unless(isDeepStrictEqual(before, after), `the queue was ${before}, and is ${after}`);
  for (const { handle } of heldBy(await bench.look(), 'alice')) await releaseAgain(bench, handle);
  return { isAcknowledged: true, isInTime: true, wrong: [...wrong, ...(await findWrongWaiters(bench, waiters))] };
};

/** The daemons are killed while a board goes from one user to the next: the first who waits gets it, the second keeps waiting. */
const handOver: Scenario = async (bench, kill) => {
  const waiters = await setUpQueue(bench);
  const [board] = heldBy(await bench.look(), 'alice').map(({ handle }) => handle);
  const { code, isInTime } = await bench.runAndKill(kill, 'alice', 'release', String(board));
  await releaseAgain(bench, String(board));
  const first = await waiters[0].ended;
  const queue = await listQueue(bench);
  const wrong = [
    ...unless(toldBoards(first.stdout)[0] === board, `the first waiter does not get ${board}: ${first.stderr}`),
    ...unless(queue.length === 1, `then there wait ${queue}`),
  ];
  for (const { handle } of heldBy(await bench.look(), 'alice')) await releaseAgain(bench, handle);
  return { isAcknowledged: code === 0, isInTime, wrong: [...wrong, ...(await findWrongWaiters(bench, waiters))] };
};

/** Alice has both boards, and bob waits twice. */
async function setUpQueue(bench: CrashBench): Promise<readonly [RunningVerb, RunningVerb]> {
  await setUpClaim(bench, 'rockpro64');
  const first = startVerb(bench.lab, 'bob', ['claim', '--wait', 'rockpro64']);
  await first.expect(/^place 1 /m);
  const second = startVerb(bench.lab, 'bob', ['claim', '--wait', 'rockpro64']);
  await second.expect(/^place 2 /m);
  return [first, second];
}

async function listQueue({ lab }: CrashBench): Promise<readonly number[]> {
  const { requests } = await lab.json<QueueList>('bob', 'queue');
  return requests.map(({ id }) => id);
}

/** A release that was killed before it began is asked for again. */
async function releaseAgain(bench: CrashBench, board: string): Promise<void> {
  const held = heldBy(await bench.look(), 'alice').some(({ handle }) => handle === board);
  if (held) await bench.lab.ssh('labhost', 'labcli', 'release', board);
}

async function findWrongWaiters(bench: CrashBench, waiters: readonly RunningVerb[]): Promise<string[]> {
  const outcomes = await Promise.all(waiters.map(({ ended }) => ended));
  const boards = await bench.rest();
  const held = heldBy(boards, 'bob').map(({ handle }) => handle);
  const told = outcomes.flatMap(({ stdout }) => toldBoards(stdout));
  return [
    ...outcomes.flatMap(({ code, stderr }) => unless(code === 0, `a waiter ends with ${code}: ${stderr}`)),
    ...unless(isDeepStrictEqual([...held].sort(), [...told].sort()), `bob was told ${told}, and has ${held}`),
    ...(await bench.findWrongDoors(boards)),
  ];
}

function delayOf(moment: Moment): number {
  return typeof moment === 'object' && 'afterMs' in moment ? moment.afterMs : 0;
}

/** By name, with how many lines of progress there are to choose from, and how long it takes: it can be killed as it begins, and after its end. */
export const scenarios = {
  claim: { run: claimOf(1), lines: 6, lastsMs: 900 },
  'claim of two': { run: claimOf(2), lines: 10, lastsMs: 1200 },
  reinit: { run: reinit, lines: 7, lastsMs: 1200 },
  release: { run: release, lines: 4, lastsMs: 700 },
  extend: { run: extend, lines: 0, lastsMs: 500 },
  expire: { run: expire, lines: 0, lastsMs: 2000 },
  wait: { run: wait, lines: 0, lastsMs: 300 },
  'hand-over': { run: handOver, lines: 4, lastsMs: 700 },
} as const satisfies Record<string, { readonly run: Scenario; readonly lines: number; readonly lastsMs: number }>;
export type ScenarioName = keyof typeof scenarios;
