import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { paths } from '../../system/paths.ts';
import { pathOfBase } from '../bases.ts';
import type { JailLayout, JailSpec } from '../jail-layout.ts';
import { readMounts, unmount } from '../mounts.ts';
import { absent, broken, type Part, present } from '../part.ts';
import { type BindView, pinNamespaces } from '../pin-namespaces.ts';

/**
 * The jail's user and network namespaces, and the views of what is shared by all jails: the base and the boot files with the
 * jail's uids, and the folder of the jail's sockets. One program makes all of it, for it takes 15 ms to start.
 */
export function createNamespaces(spec: JailSpec, layout: JailLayout): Part {
  const { board, boot, nestedNamespaces } = spec;
  const views: BindView[] = [
    { source: pathOfBase(spec.base), target: layout.baseView, flags: ['idmap', 'ro', 'nodev'] },
    {
      source: join(paths.jailSockets, board.handle),
      target: layout.socketsView,
      flags: ['nosuid', 'nodev', 'noexec'],
    },
  ];
  if (boot !== null) {
    const source = join(paths.bootFiles, boot, 'tftp');
    views.push({ source, target: layout.tftpView, flags: ['idmap', 'ro', 'nosuid', 'nodev', 'noexec'] });
  }
  const pins = [layout.userPin, layout.netPin];
  const targets = [...pins, ...views.map(view => view.target)];

  return {
    name: 'namespaces',
    needs: ['directory'],
    async inspect() {
      const mounted = new Set(readMounts().map(mount => mount.mountPoint));
      const missing = targets.filter(target => !mounted.has(target));
      if (missing.length === 0) return present;
      if (missing.length < targets.length || pins.some(existsSync)) return broken(`not mounted: ${missing.join(', ')}`);
      return absent;
    },
    create: () => pinNamespaces(nestedNamespaces ? 'make-nesting' : 'make', board.uidBase, layout, views),
    async remove() {
      await unmount(...targets);
      for (const pin of pins) rmSync(pin, { force: true });
    },
  };
}
