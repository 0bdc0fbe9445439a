import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from '../lab/error.ts';

/** A process by pid and start time (clock ticks since boot, proc(5)), so that a pid used again is not taken for it. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: string;
}

export function identifyProcess(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in parentheses and may hold spaces; the 22nd is the start time.
    const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return startTicks === undefined ? undefined : { pid, startTicks };
  } catch {
    return undefined;
  }
}

export function isRunning(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startTicks === identity.startTicks;
}

/** The first process in the pid namespace that `unshare --fork` made, seen from outside. */
export async function findOnlyChild(pid: number, timeoutMs = 5000): Promise<ProcessIdentity> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const child = identifyProcess(Number(readChildren(pid).split(' ')[0]));
    if (child) return child;
    await sleep(5);
  }
  throw new LabError('timeout', 'the virtual lab host did not start', { hint: 'its init.log says why' });
}

function readChildren(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  } catch {
    return '';
  }
}

/** Kills the process (a PID 1 takes its whole namespace along) and waits until it is gone. */
export async function killAndWait(identity: ProcessIdentity, timeoutMs = 10_000): Promise<void> {
  if (!isRunning(identity)) return;
  process.kill(identity.pid, 'SIGKILL');
  const deadline = performance.now() + timeoutMs;
  while (isRunning(identity)) {
    if (performance.now() > deadline) throw new LabError('timeout', `process ${identity.pid} does not end`);
    await sleep(5);
  }
}
