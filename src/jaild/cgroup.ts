import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from '../lab/error.ts';

const mountPoint = '/sys/fs/cgroup';
/** All cgroups of jaild are below this one, seen from the root of the cgroup namespace. */
const parent = '/labcli';

/** The OCI `cgroupsPath` of a container. */
export function cgroupOf(container: string): string {
  return `${parent}/${container}`;
}

export function cgroupExists(container: string): boolean {
  return existsSync(directoryOf(container));
}

/** Whether any process is in the cgroup or below it. */
export function isPopulated(container: string): boolean {
  try {
    return /^populated 1$/m.test(readFileSync(join(directoryOf(container), 'cgroup.events'), 'utf8'));
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

/** Ends all processes in the cgroup, at once and without their knowing, and waits until none is left. */
export async function killCgroup(container: string, timeoutMs = 5000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let waitMs = 1;
  while (isPopulated(container)) {
    writeFileSync(join(directoryOf(container), 'cgroup.kill'), '1');
    if (performance.now() > deadline) {
      throw new LabError('device', `processes in ${directoryOf(container)} do not end`, {
        hint: 'one of them may wait for a device that does not answer (state D in ps)',
      });
    }
    await sleep(waitMs);
    waitMs = Math.min(waitMs * 2, 50);
  }
}

/** Makes a cgroup, and gives the file by which a process enters it. */
export function createCgroup(container: string): string {
  mkdirSync(directoryOf(container), { recursive: true });
  return join(directoryOf(container), 'cgroup.procs');
}

export function removeCgroup(container: string): void {
  removeTree(directoryOf(container));
}

/**
 * Puts this process, and so the programs that it starts, into a cgroup of their own, and ends what an earlier jaild left
 * there: a `crun` or `mount` that outlived it would go on building while this one already removes.
 */
export async function enterHelperCgroup(): Promise<void> {
  // A cgroup in which processes were killed remembers it: Linux 6.18 then kills what is cloned from it into another. So it is made anew.
  await killCgroup(helpers);
  removeCgroup(helpers);
  mkdirSync(directoryOf(helpers), { recursive: true });
  writeFileSync(join(directoryOf(helpers), 'cgroup.procs'), String(process.pid));
}

/** No board can have this name. */
const helpers = '@jaild';

function directoryOf(container: string): string {
  return join(mountPoint, cgroupOf(container));
}

function removeTree(path: string): void {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory()) removeTree(join(path, entry.name));
    }
    rmdirSync(path);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** A cgroup that vanishes while it is read gives ENODEV. */
function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENODEV';
}
