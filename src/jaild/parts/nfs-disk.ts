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
    options: ['nosuid', 'nodev', 'noexec'],
  });
}
