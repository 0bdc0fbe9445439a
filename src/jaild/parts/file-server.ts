import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JailLimits } from '../../config/lab-config.ts';
import { run } from '../../system/run.ts';
import { pathOfBase } from '../bases.ts';
import { confineTo } from '../confine-to.ts';
import {
  inspectContainer,
  isListening,
  markStarted,
  readContainerPid,
  removeContainer,
  startContainer,
  waitForListener,
} from '../crun.ts';
import { renderFileServer } from '../file-server-exports.ts';
import type { JailLayout, JailSpec } from '../jail-layout.ts';
import type { Limiter } from '../limiter.ts';
import { unmount } from '../mounts.ts';
import { createFileServerConfig } from '../oci/file-server-config.ts';
import { broken, type Part } from '../part.ts';
import type { RenderTemplate } from '../template.ts';

const ports = [
  { port: 111, what: 'rpcbind' },
  { port: 2049, what: 'the NFS server' },
] as const;

/**
 * The board's NFS server: nfs-ganesha and rpcbind, beside the jail and out of its reach, on the jail's network. It has the jail's
 * limits once more.
 *
 * Once it has read its configuration, the exported file system is all that it sees. nfs-ganesha 4.3 takes names with
 * slashes from NFSv3 clients and gives them to the kernel as they are: `../..` and `/etc/passwd` led to the server's own files.
 */
export function createFileServer(
  spec: JailSpec,
  layout: JailLayout,
  render: RenderTemplate,
  limiter: Limiter,
  limits: JailLimits,
): Part {
  const { handle } = spec.board;
  // A board's handle has no dot.
  const name = `${handle}.nfs`;
  const bundle = layout.fileServerBundle;
  return {
    name: 'file-server',
    needs: ['nfs-disk', 'namespaces'],
    async inspect() {
      const state = inspectContainer(name, bundle, limiter);
      if (state.state !== 'present') return state;
      const silent = ports.find(({ port }) => !isListening(readContainerPid(bundle), port));
      return silent ? broken(`${silent.what} does not listen on port ${silent.port}`) : state;
    },
    async create() {
      const { resources, joinFiles } = limiter.prepare(name, limits, [layout.nfsMount]);
      const config = createFileServerConfig({ name, layout, architecture: process.arch, resources });
      await mountRoot(layout, pathOfBase(spec.base), renderFileServer(spec, layout, render));
      const pid = await startContainer(name, bundle, config, joinFiles);
      for (const { port, what } of ports) await waitForListener(pid, port, what);
      await confineTo(pid, '/srv/nfs');
      markStarted(bundle);
    },
    async remove() {
      await removeContainer(name, limiter);
      await unmount(layout.fileServerRoot);
    },
  };
}

/**
 * The base with the server's configuration, as an overlay: its files have no handles, so that a board which were given the
 * name of one could not open another of the lab host with a handle that it makes up from it.
 */
async function mountRoot(
  { fileServerRoot, fileServerLayer }: JailLayout,
  base: string,
  configuration: string,
): Promise<void> {
  await unmount(fileServerRoot);
  const folder = join(fileServerLayer, 'etc/ganesha');
  for (const path of [fileServerRoot, folder]) mkdirSync(path, { recursive: true });
  writeFileSync(join(folder, 'ganesha.conf'), configuration);
  const options = `lowerdir=${fileServerLayer}:${base},ro,nodev`;
  await run('mount', ['-t', 'overlay', '-o', options, 'labcli', fileServerRoot]);
}
