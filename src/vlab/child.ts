import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Starts a program that cannot outlive vlab: the kernel kills it when its parent dies, however that happens. What it says
 * goes to the log.
 */
export function startChild(
  program: string,
  args: readonly string[],
  log: (text: string) => void,
  environment: NodeJS.ProcessEnv = {},
): ChildProcess {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => log(`${program}: ${text.trimEnd()}`));
  }
  child.once('error', error => log(`${program}: ${error.message}`));
  return child;
}

/** Kills the child and waits until the kernel has let go of what it held. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise(resolve => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
