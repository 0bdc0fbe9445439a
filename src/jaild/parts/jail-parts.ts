import type { JailLimits, JailSettings } from '../../config/lab-config.ts';
import type { HostAuthority } from '../host-authority.ts';
import { type JailSpec, layOutJail } from '../jail-layout.ts';
import type { Limiter } from '../limiter.ts';
import type { Part } from '../part.ts';
import type { RenderTemplate } from '../template.ts';
import { createBoardWire } from './board-wire.ts';
import { createClaimLayer } from './claim-layer.ts';
import { createContainer } from './container.ts';
import { createDirectory } from './directory.ts';
import { createFileServer } from './file-server.ts';
import { createHostKey } from './host-key.ts';
import { createNamespaces } from './namespaces.ts';
import { createNfsDisk } from './nfs-disk.ts';
import { createNfsView } from './nfs-view.ts';
import { createRootDisk } from './root-disk.ts';
import { createRootFs } from './root-fs.ts';
import { createSetup } from './setup.ts';
import { createSourceAddress } from './source-address.ts';
import { createUplink } from './uplink.ts';

/** What the parts are made with. */
export interface PartMeans {
  readonly settings: JailSettings;
  readonly render: RenderTemplate;
  readonly authority: HostAuthority;
  readonly limiter: Limiter;
  readonly limits: JailLimits;
}

/** Everything that a jail is made of. Each part comes after all that it needs. */
export function createParts(
  spec: JailSpec,
  { settings, render, authority, limiter, limits }: PartMeans,
): readonly Part[] {
  const layout = layOutJail(spec.board.handle);
  return [
    createDirectory(spec, layout),
    createClaimLayer(spec, layout, settings, render),
    createHostKey(spec, layout, { authority, render, limiter, limits }),
    createNamespaces(spec, layout),
    createRootDisk(layout),
    createRootFs(spec, layout),
    createNfsDisk(spec, layout),
    createNfsView(spec, layout),
    createSourceAddress(spec),
    createUplink(spec, layout, render),
    createBoardWire(spec, layout),
    createFileServer(spec, layout, render, limiter, limits),
    createContainer(spec, layout, limiter, limits),
    ...(spec.setup ? [createSetup(spec, spec.setup.timeoutMs, layout, limiter, limits)] : []),
  ];
}
