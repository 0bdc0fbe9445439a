import { rootTemplate } from '../disk-images.ts';
import type { JailLayout } from '../jail-layout.ts';
import type { Part } from '../part.ts';
import { createImageDisk } from './image-disk.ts';

/** The disk with the layers that the user writes to, of the root and of /srv/tftp: what does not fit on it fills no other jail. */
export function createRootDisk(layout: JailLayout): Part {
  return createImageDisk({
    name: 'root-disk',
    image: layout.rootImage,
    template: rootTemplate,
    mountPoint: layout.rootDisk,
    // Programs run from the overlay above it, which has its own say.
    options: ['nosuid', 'nodev'],
  });
}
