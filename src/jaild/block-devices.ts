import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface BlockDevice {
  readonly major: number;
  readonly minor: number;
}

/** The whole disk below the file system at `path`: limits are set for no partition. Undefined for one that is on no single disk. */
export function findDisk(path: string): BlockDevice | undefined {
  const { dev } = statSync(path);
  // makedev(3): twelve bits of major, the minor's lowest eight, and the rest of the minor.
  const device = { major: (dev >>> 8) & 0xfff, minor: (dev & 0xff) | ((dev >>> 12) & 0xf_ff00) };
  const directory = `/sys/dev/block/${formatDevice(device)}`;
  if (!existsSync(directory)) return undefined;
  const own = realpathSync(directory);
  return existsSync(join(own, 'partition')) ? parseDevice(readFileSync(join(dirname(own), 'dev'), 'utf8')) : device;
}

export function formatDevice({ major, minor }: BlockDevice): string {
  return `${major}:${minor}`;
}

function parseDevice(text: string): BlockDevice {
  const [major, minor] = text.trim().split(':').map(Number);
  return { major: major ?? 0, minor: minor ?? 0 };
}
