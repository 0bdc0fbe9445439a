import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from '../lab/error.ts';
import { run } from '../system/run.ts';

export interface Mount {
  readonly mountPoint: string;
  readonly fsType: string;
  /** The file system's own options, such as the controllers of a cgroup v1 hierarchy. */
  readonly options: readonly string[];
}

/** All mounts that this process sees, proc_pid_mountinfo(5), oldest first. */
export function readMounts(): Mount[] {
  return parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
}

export function parseMounts(mountinfo: string): Mount[] {
  return mountinfo
    .split('\n')
    .filter(Boolean)
    .map(line => {
      const fields = line.split(' ');
      const [fsType = '', , options = ''] = fields.slice(fields.indexOf('-') + 1);
      return { mountPoint: decodePath(fields[4] ?? ''), fsType, options: options.split(',') };
    });
}

/** Space, tab, newline and backslash are written as three octal digits. */
function decodePath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

export function isMounted(path: string, fsType?: string): boolean {
  return readMounts().some(mount => mount.mountPoint === path && (!fsType || mount.fsType === fsType));
}

/** Mount points at `directory` and below it. */
export function mountsBelow(directory: string): string[] {
  return readMounts()
    .map(mount => mount.mountPoint)
    .filter(point => point === directory || point.startsWith(`${directory}/`));
}

/**
 * Unmounts the paths, as often as something is mounted there, and makes sure of it. A mount that is still in use, for the
 * processes in it may take a moment to end, is tried again for two seconds.
 */
export async function unmount(...targets: readonly string[]): Promise<void> {
  const deadline = performance.now() + 2000;
  for (;;) {
    const mounted = readMounts().map(mount => mount.mountPoint);
    const left = mounted.filter(point => targets.includes(point)).reverse();
    if (left.length === 0) return;
    try {
      // --no-canonicalize: a path is taken as it is, even when it is the pin of a namespace.
      await run('umount', ['--no-canonicalize', ...left]);
    } catch (error) {
      if (performance.now() > deadline) {
        throw new LabError('device', `still mounted: ${left.join(', ')}`, { cause: error });
      }
      await sleep(20);
    }
  }
}
