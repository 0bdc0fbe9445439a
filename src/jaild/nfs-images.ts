import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { paths } from '../system/paths.ts';
import { run } from '../system/run.ts';

const blankImage = join(paths.jaildState, 'blank-nfs.img');

/** The image that a jail's file system for NFS is copied from. */
export function nfsTemplate(boot: string | null): string {
  return boot === null ? blankImage : join(paths.bootFiles, boot, 'nfs.img');
}

/** Makes the empty file system (sparse, `bytes` large) that jails without a boot configuration begin with. */
export async function makeBlankImage(bytes: number): Promise<void> {
  if (existsSync(blankImage) && statSync(blankImage).size === bytes) return;
  const draft = `${blankImage}.new`;
  rmSync(draft, { force: true });
  // A small journal: it would be 64 MB. What belongs to root alone is of no use on a disk that is a quota.
  const options = ['-q', '-F', '-m', '0', '-J', 'size=4', '-E', 'lazy_itable_init=1,lazy_journal_init=1'];
  await run('mkfs.ext4', [...options, draft, String(Math.floor(bytes / 1024))]);
  renameSync(draft, blankImage);
}

/**
 * The loop devices (`/dev/loop3`) that have the file as their content, by its device and inode: the path that /sys shows is
 * that of another mount namespace as well.
 */
export async function findLoopDevices(file: string): Promise<string[]> {
  if (!existsSync(file)) return [];
  const names = await run('losetup', ['--noheadings', '--output', 'NAME', '--associated', file]);
  return names.split('\n').filter(Boolean);
}
