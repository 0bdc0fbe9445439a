import { spawn } from 'node:child_process';
import type { LabUnderTest, Outcome } from '../e2e/lab-under-test.ts';

export const victims = ['labd', 'jaild', 'both'] as const;
export type Victim = (typeof victims)[number];

/** When the daemons are killed: as the n-th line of progress appears, so long after the start, or as the result appears. */
export type Moment = { readonly line: number } | { readonly afterMs: number } | 'answer';

export interface Kill {
  readonly victim: Victim;
  readonly moment: Moment;
}

/** A verb of labcli over ssh, while it runs. */
export interface RunningVerb {
  readonly ended: Promise<Outcome>;
  /** Calls back with all that was said so far, each time that something is said. */
  watch(listener: (said: { readonly stdout: string; readonly stderr: string }) => void): void;
  /** Comes back when standard error matches; throws when the verb ends before. */
  expect(pattern: RegExp): Promise<void>;
}

export function startVerb(lab: LabUnderTest, user: string, words: readonly string[]): RunningVerb {
  const child = spawn('ssh', ['-F', lab.host.sshConfig, `labhost-${user}`, 'labcli', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  const said = { stdout: '', stderr: '' };
  const listeners: (() => void)[] = [];
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<Outcome>(resolve =>
    child.once('close', status => resolve({ code: status ?? 255, ...said })),
  );
  return {
    ended,
    watch: listener => listeners.push(() => listener(said)),
    async expect(pattern) {
      const found = Promise.withResolvers<boolean>();
      const look = () => pattern.test(said.stderr) && found.resolve(true);
      listeners.push(look);
      look();
      void ended.then(() => found.resolve(false));
      if (!(await found.promise))
        throw new Error(`no ${pattern} of ${words.join(' ')}: ${JSON.stringify(await ended)}`);
    },
  };
}

async function findDaemons(lab: LabUnderTest, victim: Victim): Promise<number[]> {
  return Promise.all((victim === 'both' ? (['labd', 'jaild'] as const) : [victim]).map(lab.pidOf));
}

export async function killDaemons(lab: LabUnderTest, victim: Victim): Promise<void> {
  for (const pid of await findDaemons(lab, victim)) process.kill(pid, 'SIGKILL');
}

/** `isInTime`: the verb ran when the daemons were killed. Otherwise they were killed right after its end. */
export async function runAndKill(
  lab: LabUnderTest,
  { victim, moment }: Kill,
  user: string,
  words: readonly string[],
): Promise<Outcome & { readonly isInTime: boolean }> {
  const pids = await findDaemons(lab, victim);
  let isKilled = false;
  const kill = () => {
    if (isKilled) return;
    isKilled = true;
    for (const pid of pids) process.kill(pid, 'SIGKILL');
  };
  const verb = startVerb(lab, user, words);
  const timer = moment !== 'answer' && 'afterMs' in moment ? setTimeout(kill, moment.afterMs) : undefined;
  verb.watch(({ stdout, stderr }) => {
    if (moment === 'answer' ? stdout !== '' : 'line' in moment && stderr.split('\n').length > moment.line) kill();
  });
  const outcome = await verb.ended;
  clearTimeout(timer);
  const isInTime = isKilled;
  kill();
  return { ...outcome, isInTime };
}
