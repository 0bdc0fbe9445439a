import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '../../src/api/client.ts';
import type { BoardList, BoardSummary } from '../../src/api/messages.ts';
import { LabError } from '../../src/lab/error.ts';
import type { LabEvent } from '../../src/lab/event.ts';
import { execute, type LabUnderTest, type Outcome, startLab, tracesOfJails } from '../e2e/lab-under-test.ts';
import { createLogCheck } from './event-log.ts';
import { findLeaks, readHostState } from './host-state.ts';
import { type Kill, runAndKill } from './run-and-kill.ts';

/** A virtual lab whose daemons are killed round by round, and what must be so whatever was killed when. */
export interface CrashBench {
  readonly lab: LabUnderTest;
  runAndKill(kill: Kill, user: string, ...words: readonly string[]): ReturnType<typeof runAndKill>;
  /** The boards as soon as no operation runs, as a user sees them over ssh. */
  rest(): Promise<readonly BoardSummary[]>;
  /** The same by a shorter way, for what lies between the steps of a round. */
  look(): Promise<readonly BoardSummary[]>;
  /** Everything released; what is wrong then. */
  clear(): Promise<string[]>;
  /** What there is on the lab host that was not there before the first round. */
  findLeaks(): Promise<string[]>;
  /** What is wrong with the doors of jails: the holder's key opens each, and the other user's does not. */
  findWrongDoors(boards: readonly BoardSummary[]): Promise<string[]>;
  stop(): Promise<void>;
}

const restWithinMs = 60_000;
const eventsLookedAt = 1000;
export const users = ['alice', 'bob'] as const;

export async function startCrashBench(): Promise<CrashBench> {
  const lab = await startLab();
  try {
    return await createBench(lab);
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

async function createBench(lab: LabUnderTest): Promise<CrashBench> {
  const client = createClient({ socketPath: lab.host.outside('/run/labcli/host/labd.sock'), user: 'alice' });
  const log = createLogCheck();

  /** As `labcli status` has them, over labd's socket: a tenth of the time that it takes over ssh. */
  async function look(): Promise<readonly BoardSummary[]> {
    const deadline = performance.now() + restWithinMs;
    let last: unknown;
    while (performance.now() < deadline) {
      try {
        const { boards } = await client.listBoards({ isMine: false });
        if (boards.every(isAtRest)) return boards;
        last = boards;
      } catch (error) {
        if (!(error instanceof LabError)) throw error;
        last = error.message;
      }
      await sleep(20);
    }
    throw new Error(`the lab does not come to rest: ${JSON.stringify(last)}`);
  }

  async function rest(): Promise<readonly BoardSummary[]> {
    for (;;) {
      await look();
      const { boards } = await lab.json<BoardList>('alice', 'status');
      if (boards.every(isAtRest)) return boards;
    }
  }

  async function clear(): Promise<string[]> {
    const held = (await look()).filter(({ user }) => user !== undefined);
    const outcomes = await Promise.all(
      held.map(({ handle, user }) => lab.ssh(`labhost-${user}`, 'labcli', 'release', handle)),
    );
    const failed = outcomes.filter(({ code }) => code !== 0);
    const notFree = (await look()).filter(({ state }) => state !== 'free');
    const { requests } = await client.call('GET /v1/requests', {});
    const traces = await tracesOfJails(lab);
    return [
      ...failed.map(({ code, stderr }) => `release ends with ${code}: ${stderr}`),
      ...notFree.map(({ handle, state, bars }) => `${handle} is ${state}: ${JSON.stringify(bars)}`),
      ...requests.map(({ id, user }) => `request ${id} of ${user} still waits`),
      ...(traces === '' ? [] : [`of jails there is still: ${traces}`]),
      ...(await findWrongEvents()),
    ];
  }

  async function findWrongEvents(): Promise<string[]> {
    const { stdout } = await lab.ssh('labhost', 'labcli', 'events', '--json', '--limit', String(eventsLookedAt));
    const events = stdout.split('\n').filter(Boolean);
    return log.take(events.map(line => JSON.parse(line) as LabEvent));
  }

  async function findWrongDoors(boards: readonly BoardSummary[]): Promise<string[]> {
    const held = boards.filter(({ user }) => user !== undefined);
    const wrong = await Promise.all(
      held.flatMap(({ handle, user, jailAddress }) =>
        users.map(async key => {
          const { code, stdout } = await knockAtJail(lab, key, jailAddress);
          if (key === user && stdout.trim() !== handle) return `${user} does not get into the jail of ${handle}`;
          if (key !== user && code === 0) return `${key} gets into ${user}'s jail of ${handle}`;
          return [];
        }),
      ),
    );
    return wrong.flat();
  }

  // What is made once and stays, such as the folder of epochs, is not a leak: so the first round is not looked at.
  await lab.ssh('labhost', 'labcli', 'claim', 'rockpro64', 'rockpro64');
  const first = await clear();
  if (first.length > 0) throw new Error(first.join('\n'));
  await sleep(1000);
  const before = await readHostState(lab);
  return {
    lab,
    look,
    runAndKill: (kill, user, ...words) => runAndKill(lab, kill, user, words),
    rest,
    clear,
    findLeaks: async () => (await findLeaks(lab, before)).map(line => `left behind: ${line}`),
    findWrongDoors,
    stop: lab.stop,
  };
}

function isAtRest({ operation }: BoardSummary): boolean {
  return operation === undefined;
}

/** What the jail's own sshd says to the key of one user, whatever labd thinks. */
function knockAtJail({ host }: LabUnderTest, user: string, address: string): Promise<Outcome> {
  const options = {
    ProxyCommand: `nsenter --target ${host.pid} --net socat STDIO TCP:%h:%p`,
    IdentityFile: join(host.directory, 'keys', user),
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    StrictHostKeyChecking: 'no',
    UserKnownHostsFile: '/dev/null',
    LogLevel: 'ERROR',
  };
  const words = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return execute('ssh', ['-F', 'none', ...words, `root@${address}`, 'hostname']);
}
