import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { listCgroups } from './cgroup.ts';

/**
 * Runs a shell script as PID 1 of namespaces of its own, in the cgroup that createCgroup() made, which is the root of the cgroups that
 * it sees. All of it ends when the child does. `findOnlyChild` gives PID 1 as it is seen from here.
 */
export function spawnInNamespaces(cgroup: string, script: string, args: readonly string[]): ChildProcess {
  const kinds = ['--mount', '--pid', '--net', '--uts', '--ipc', '--fork', '--kill-child'];
  const enter = join(import.meta.dirname, 'enter.sh');
  return spawn('unshare', [...kinds, '--', '/bin/sh', enter, ...listCgroups(cgroup), '--', script, ...args], {
    stdio: 'ignore',
    detached: true,
  });
}
