import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from '../lab/error.ts';
import { cgroupExists, isPopulated, killCgroup, removeCgroup } from './cgroup.ts';
import { runDirectory } from './jail-layout.ts';
import type { Limiter } from './limiter.ts';
import type { OciConfig } from './oci/oci-config.ts';
import { absent, broken, type PartState, present } from './part.ts';

const root = join(runDirectory, 'crun');
const options = ['--root', root, '--cgroup-manager=cgroupfs'];
const startedMark = 'started';

/** A process that puts itself into cgroups ("0" is whoever writes) and then becomes another program. */
const joinAndRun = 'while [ "$1" != -- ]; do echo 0 >"$1" || exit; shift; done; shift; exec "$@"';

/** The command line of a crun that joins cgroups first. */
export function crunCommand(joinFiles: readonly string[], args: readonly string[]): [program: string, args: string[]] {
  return ['/bin/sh', ['-c', joinAndRun, 'join', ...joinFiles, '--', 'crun', ...options, ...args]];
}

/**
 * Starts a container and gives the pid of its first process, as this process sees it. `bundle` is the folder for its
 * `files`, which is made anew. crun itself joins the cgroups of `joinFiles` first: so no process of the container is ever outside of
 * them, and they are the root of what the container's cgroup namespace shows.
 */
export async function startContainer(
  name: string,
  bundle: string,
  config: OciConfig,
  joinFiles: readonly string[],
  files: Readonly<Record<string, string>> = {},
): Promise<number> {
  rmSync(bundle, { recursive: true, force: true });
  mkdirSync(bundle, { mode: 0o700 });
  for (const [file, content] of Object.entries({ ...files, 'config.json': JSON.stringify(config) })) {
    writeFileSync(join(bundle, file), content);
  }
  const pidFile = join(bundle, 'pid');
  const log = join(bundle, 'crun.log');
  const args = ['--log', log, 'run', '--detach', '--bundle', bundle, '--pid-file', pidFile, name];
  // The container keeps crun's standard streams for its life, so they must not be pipes to jaild.
  const child = spawn(...crunCommand(joinFiles, args), { stdio: 'ignore' });
  const status = await new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  if (status !== 0) {
    const reason = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-3).join('; ') : '';
    throw new LabError('device', `crun could not start ${name} (${status}): ${reason}`);
  }
  return readContainerPid(bundle);
}

/** The container's first process, as this process sees it; 0 if it was never started. */
export function readContainerPid(bundle: string): number {
  try {
    return Number(readFileSync(join(bundle, 'pid'), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/** Says that the container in this bundle has come up: crun knows nothing of the service in it. */
export function markStarted(bundle: string): void {
  writeFileSync(join(bundle, startedMark), '');
}

/** Present when the container came up and its processes are there still. */
export function inspectContainer(name: string, bundle: string, limiter: Limiter): PartState {
  const isKnown = existsSync(join(root, name));
  if (!isKnown && !cgroupExists(name) && !limiter.hasGroups(name)) return absent;
  if (!isKnown) return broken('its processes belong to no container');
  if (!isPopulated(name)) return broken('it is not running');
  return existsSync(join(bundle, startedMark)) ? present : broken('it never came up');
}

/**
 * Kills every process of the container and waits for their end, then forgets it. `crun delete` does the same and no more, where crun
 * got as far as to know the container, and a start of it takes longer than all of this.
 */
export async function removeContainer(name: string, limiter: Limiter): Promise<void> {
  await killCgroup(name);
  rmSync(join(root, name), { recursive: true, force: true });
  removeCgroup(name);
  await limiter.removeGroups(name);
}

/** Waits until a process in the network namespace of `pid` listens on a TCP port. */
export async function waitForListener(pid: number, port: number, what: string, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!isListening(pid, port)) {
    if (!existsSync(`/proc/${pid}`)) throw new LabError('device', `${what} ended as soon as it was started`);
    if (performance.now() > deadline) throw new LabError('timeout', `${what} does not listen on port ${port}`);
    await sleep(2);
  }
}

export function isListening(pid: number, port: number): boolean {
  // proc_net(5): `sl: local_address:port remote_address:port state`; 0A is TCP_LISTEN.
  const listener = new RegExp(`: [0-9A-F]+:${port.toString(16).toUpperCase().padStart(4, '0')} [0-9A-F]+:0000 0A `);
  return ['tcp', 'tcp6'].some(protocol => {
    try {
      return listener.test(readFileSync(`/proc/${pid}/net/${protocol}`, 'utf8'));
    } catch {
      return false;
    }
  });
}
