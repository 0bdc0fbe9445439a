import { existsSync, renameSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from '../../lab/error.ts';
import { run } from '../../system/run.ts';
import { findLoopDevices } from '../disk-images.ts';
import { isMounted, unmount } from '../mounts.ts';
import { absent, broken, type Part, type PartName, present } from '../part.ts';

/** The images have no journal: after a power failure, or a kill before the first mount, they are looked through. */
async function repair(image: string): Promise<void> {
  const check = () => run('e2fsck', ['-p', image], { timeoutMs: 300_000 });
  // 1 is its status when it has repaired something; then the second look must find nothing.
  await check().catch(check);
}

export interface ImageDisk {
  readonly name: PartName;
  readonly image: string;
  /** The image that this one begins as. */
  readonly template: string;
  readonly mountPoint: string;
  readonly options: readonly string[];
}

/**
 * A file system of the jail's own, in a sparse image file: the file's size is the quota. The copy is cheap, for holes are not
 * copied, and a file system that can share blocks shares them.
 */
export function createImageDisk({ name, image, template, mountPoint, options }: ImageDisk): Part {
  const draft = `${image}.new`;
  // noinit_itable: the kernel would fill the inode tables with zeros in the background, 16 MB for each GB.
  const mountOptions = ['loop', 'noinit_itable', ...options].join(',');

  return {
    name,
    needs: ['directory'],
    async inspect() {
      const isThere = isMounted(mountPoint);
      if (isThere && existsSync(image)) return present;
      if (isThere || (await findLoopDevices(image)).length > 0)
        return broken('its image file and its mount do not fit');
      // An image that is only not mounted, as after a reboot, has what the user keeps there.
      return absent;
    },
    async create() {
      if (!existsSync(image)) {
        await run('cp', ['--sparse=always', '--reflink=auto', template, draft], { timeoutMs: 60_000 });
        renameSync(draft, image);
      } else {
        await repair(image);
      }
      await run('mount', ['-t', 'ext4', '-o', mountOptions, image, mountPoint]);
    },
    async remove() {
      await unmount(mountPoint);
      rmSync(draft, { force: true });
      // The kernel gives the loop device up by itself, but not always at once.
      const deadline = performance.now() + 2000;
      for (;;) {
        const left = await findLoopDevices(image);
        if (left.length === 0) return;
        if (performance.now() > deadline) throw new LabError('device', `${left.join(', ')} still has ${image}`);
        await sleep(5);
      }
    },
  };
}
