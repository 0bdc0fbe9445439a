import type { JailLayout, JailSpec } from '../jail-layout.ts';
import { isMounted, unmount } from '../mounts.ts';
import { absent, type Part, present } from '../part.ts';
import { pinNamespaces } from '../pin-namespaces.ts';

/** The board's file system with the jail's uids: what the board's root owns, the jail's root owns in /srv/nfs. */
export function createNfsView(spec: JailSpec, layout: JailLayout): Part {
  return {
    name: 'nfs-view',
    needs: ['nfs-disk', 'namespaces'],
    inspect: async () => (isMounted(layout.nfsView) ? present : absent),
    create: () =>
      pinNamespaces('use', spec.board.uidBase, layout, [
        { source: layout.nfsMount, target: layout.nfsView, flags: ['idmap', 'nosuid', 'nodev', 'noexec'] },
      ]),
    remove: () => unmount(layout.nfsView),
  };
}
