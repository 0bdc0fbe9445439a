import { mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from '../lab/error.ts';

/** Makes a cgroup v2 beside the caller's own, and gives its path. On a hybrid host the v2 tree has no controllers. */
export function createCgroup(name: string): string {
  const mount = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map(line => line.split(' '))
    .find(fields => fields[fields.indexOf('-') + 1] === 'cgroup2');
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'));
  if (!mount?.[4] || !own?.[1]) {
    throw new LabError('device', 'this kernel shows no cgroup v2 tree', {
      hint: 'mount -t cgroup2 none /sys/fs/cgroup',
    });
  }
  const path = join(mount[4], own[1], name);
  mkdirSync(path);
  return path;
}

/** Waits until the cgroup and those below it are empty (SIGKILL is not at once), then removes them. */
export async function removeCgroup(path: string, timeoutMs = 5000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      removeTree(path);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (performance.now() > deadline) throw new LabError('timeout', `${path} still has processes`, { cause: error });
      await sleep(10);
    }
  }
}

function removeTree(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(path, entry.name));
  }
  rmdirSync(path);
}
