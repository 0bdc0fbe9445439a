import { chownSync, mkdirSync } from 'node:fs';
import { run } from '../../system/run.ts';
import type { JailLayout, JailSpec } from '../jail-layout.ts';
import { readMounts, unmount } from '../mounts.ts';
import { absent, broken, type Part, present } from '../part.ts';

/** The jail's root: the user's layer over the claim's over the base; and /srv/tftp: the user's over the boot files. */
export function createRootFs(spec: JailSpec, layout: JailLayout): Part {
  const overlays = [
    {
      target: layout.root,
      lower: [layout.claimLayer, layout.baseView],
      upper: layout.upper,
      work: layout.work,
    },
  ];
  if (spec.boot !== null) {
    overlays.push({ target: layout.tftp, lower: [layout.tftpView], upper: layout.tftpUpper, work: layout.tftpWork });
  }
  const targets = overlays.map(overlay => overlay.target);

  return {
    name: 'root-fs',
    needs: ['claim-layer', 'namespaces', 'root-disk'],
    async inspect() {
      const mounted = new Set(readMounts().map(mount => mount.mountPoint));
      const missing = targets.filter(target => !mounted.has(target));
      if (missing.length === 0) return present;
      return missing.length === targets.length ? absent : broken(`not mounted: ${missing.join(', ')}`);
    },
    async create() {
      await Promise.all(
        overlays.map(({ target, lower, upper, work }) => {
          for (const path of [upper, work]) mkdirSync(path, { recursive: true });
          chownSync(upper, spec.board.uidBase, spec.board.uidBase);
          const options = `lowerdir=${lower.join(':')},upperdir=${upper},workdir=${work},nodev`;
          return run('mount', ['-t', 'overlay', '-o', options, 'labcli', target]);
        }),
      );
    },
    remove: () => unmount(...targets),
  };
}
