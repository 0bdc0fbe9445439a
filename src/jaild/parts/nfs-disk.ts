import { existsSync, renameSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from '../../lab/error.ts';
import { run } from '../../system/run.ts';
import type { JailLayout, JailSpec } from '../jail-layout.ts';
import { isMounted, unmount } from '../mounts.ts';
import { findLoopDevices, nfsTemplate } from '../nfs-images.ts';
import { absent, broken, type Part, present } from '../part.ts';

/**
 * The file system that the board mounts over NFS, as an image file of its own: a file handle that a board makes up can reach
 * nothing else, and it is the jail's disk quota.
 */
export function createNfsDisk(spec: JailSpec, layout: JailLayout): Part {
  const { nfsImage, nfsMount } = layout;
  const draft = `${nfsImage}.new`;

  return {
    name: 'nfs-disk',
    needs: ['directory'],
    async inspect() {
      const isThere = isMounted(nfsMount);
      if (isThere && existsSync(nfsImage)) return present;
      if (isThere || (await findLoopDevices(nfsImage)).length > 0)
        return broken('its image file and its mount do not fit');
      // An image that is only not mounted, as after a reboot, has what the user keeps there.
      return absent;
    },
    async create() {
      if (!existsSync(nfsImage)) {
        await run('cp', ['--sparse=always', '--reflink=auto', nfsTemplate(spec.boot), draft], { timeoutMs: 60_000 });
        renameSync(draft, nfsImage);
      }
      await run('mount', ['-t', 'ext4', '-o', 'loop,nosuid,nodev,noexec', nfsImage, nfsMount]);
    },
    async remove() {
      await unmount(nfsMount);
      rmSync(draft, { force: true });
      // The kernel gives the loop device up by itself, but not always at once.
      const deadline = performance.now() + 2000;
      for (;;) {
        const left = await findLoopDevices(nfsImage);
        if (left.length === 0) return;
        if (performance.now() > deadline) throw new LabError('device', `${left.join(', ')} still has ${nfsImage}`);
        await sleep(5);
      }
    },
  };
}
