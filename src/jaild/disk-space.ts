import { statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LabConfig } from '../config/lab-config.ts';
import { paths } from '../system/paths.ts';
import { layOutJail } from './jail-layout.ts';

export interface DiskSpace {
  /** What the images of all boards' jails may grow to, in bytes. */
  readonly promised: number;
  /** What is free for them, with what they take already. */
  readonly available: number;
}

/** Image files are sparse: all of them together may promise more than the file system below has. */
export function measureDiskSpace({
  boards,
  classes,
  jails,
}: Pick<LabConfig, 'boards' | 'classes' | 'jails'>): DiskSpace {
  let promised = 0;
  let taken = 0;
  for (const board of boards) {
    const boot = classes.find(each => each.name === board.class)?.boot;
    const template = boot === undefined ? undefined : readSize(join(paths.bootFiles, boot, 'nfs.img'));
    promised += jails.rootBytes + (template?.length ?? jails.nfsBytes);
    const { rootImage, nfsImage } = layOutJail(board.handle);
    for (const image of [rootImage, nfsImage]) taken += readSize(image)?.allocated ?? 0;
  }
  const { bavail, bsize } = statfsSync(paths.jaildState);
  return { promised, available: bavail * bsize + taken };
}

/** The sentence for the log when the disks of jails do not all fit; undefined when they do. */
export function warnOfDiskSpace({ promised, available }: DiskSpace): string | undefined {
  if (promised <= available) return undefined;
  const gigabytes = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GB`;
  return (
    `the disks of all jails can grow to ${gigabytes(promised)}, but ${paths.jaildState} has room for ` +
    `${gigabytes(available)}: make root_size and nfs_size in lab.yaml smaller, or the file system larger`
  );
}

/** stat(2) counts what is allocated in units of 512 bytes, whatever the file system's blocks are. */
function readSize(file: string): { readonly length: number; readonly allocated: number } | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat && { length: stat.size, allocated: stat.blocks * 512 };
}
