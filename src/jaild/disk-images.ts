import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { paths } from '../system/paths.ts';
import { run } from '../system/run.ts';

const blankNfsImage = join(paths.jaildState, 'blank-nfs.img');

/** The image that a jail's file system for NFS is copied from. */
export function nfsTemplate(boot: string | null): string {
  return boot === null ? blankNfsImage : join(paths.bootFiles, boot, 'nfs.img');
}

/** The image that the disk of a jail's writable layers is copied from. */
export const rootTemplate = join(paths.jaildState, 'blank-root.img');

/** Makes an empty file system (sparse, `bytes` large), if it is not there yet in this size. */
export async function makeBlankImage(image: string, bytes: number): Promise<void> {
  const blocks = Math.floor(bytes / 4096);
  if (existsSync(image) && statSync(image).size === blocks * 4096) return;
  const draft = `${image}.new`;
  rmSync(draft, { force: true });
  // No journal: a mount would wait for the real disk, 20 ms of each claim. Nothing is kept for root, which is of no use on a quota.
  const options = ['-q', '-F', '-b', '4096', '-m', '0', '-O', '^has_journal', '-E', 'lazy_itable_init=1'];
  await run('mkfs.ext4', [...options, draft, String(blocks)], { timeoutMs: 60_000 });
  renameSync(draft, image);
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
