import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from '../lab/error.ts';

/**
 * Makes a cgroup v2 beside the caller's own, and gives its path. On a hybrid machine, which has its controllers in hierarchies of
 * cgroup v1, there is a group of the same name at the top of each of these as well.
 */
export function createCgroup(name: string): string {
  const mount = readMounts().find(({ type }) => type === 'cgroup2');
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'));
  if (!mount || !own?.[1]) {
    throw new LabError('device', 'this kernel shows no cgroup v2 tree', {
      hint: 'mount -t cgroup2 none /sys/fs/cgroup',
    });
  }
  const path = join(mount.path, own[1], name);
  mkdirSync(path);
  for (const group of version1Groups(path)) mkdirSync(group);
  return path;
}

/** The group itself and those of its name in hierarchies of cgroup v1. */
export function listCgroups(path: string): string[] {
  return [path, ...version1Groups(path).filter(existsSync)];
}

/** Waits until the cgroup and those below it are empty (SIGKILL is not at once), then removes them. */
export async function removeCgroup(path: string, timeoutMs = 5000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      for (const group of listCgroups(path)) removeTree(group);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (performance.now() > deadline && code !== 'ENOENT') {
        throw new LabError('timeout', `${path} still has processes`, { cause: error });
      }
      await sleep(10);
    }
  }
}

const limiting = ['memory', 'pids', 'cpu', 'blkio'];

function version1Groups(path: string): string[] {
  return readMounts()
    .filter(({ type, options }) => type === 'cgroup' && options.some(option => limiting.includes(option)))
    .map(mount => join(mount.path, basename(path)));
}

/** proc_pid_mountinfo(5). */
function readMounts() {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter(Boolean)
    .map(line => {
      const fields = line.split(' ');
      const [type, , options = ''] = fields.slice(fields.indexOf('-') + 1);
      return { path: fields[4] ?? '', type, options: options.split(',') };
    });
}

function removeTree(path: string): void {
  if (!existsSync(path)) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(path, entry.name));
  }
  rmdirSync(path);
}
