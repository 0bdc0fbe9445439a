import { nfsTemplate } from '../disk-images.ts';
import type { JailLayout, JailSpec } from '../jail-layout.ts';
import type { Part } from '../part.ts';
import { createImageDisk } from './image-disk.ts';

/**
 * The file system that the board mounts over NFS: a file handle that a board makes up can reach nothing but this image, and it
 * is the quota of what the board and its user keep there.
 */
export function createNfsDisk(spec: JailSpec, layout: JailLayout): Part {
  return createImageDisk({
    name: 'nfs-disk',
    image: layout.nfsImage,
    template: nfsTemplate(spec.boot),
    mountPoint: layout.nfsMount,
    // nosymfollow: a link in it leads nowhere, whoever of the host's programs looks, and whenever it was put there. What
    // the board and the jail's user do with links is their own affair, on their own side.
    options: ['nosuid', 'nodev', 'noexec', 'nosymfollow'],
  });
}
