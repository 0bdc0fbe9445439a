import { hasController } from '../cgroup.ts';
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
import { createFileServerConfig } from '../oci/file-server-config.ts';
import { broken, type Part } from '../part.ts';
import type { RenderTemplate } from '../template.ts';

const pidLimit = 512;

const ports = [
  { port: 111, what: 'rpcbind' },
  { port: 2049, what: 'the NFS server' },
] as const;

/** The board's NFS server: nfs-ganesha and rpcbind, beside the jail and out of its reach, on the jail's network. */
export function createFileServer(spec: JailSpec, layout: JailLayout, render: RenderTemplate): Part {
  const { handle } = spec.board;
  // A board's handle has no dot.
  const name = `${handle}.nfs`;
  const bundle = layout.fileServerBundle;
  return {
    name: 'file-server',
    needs: ['nfs-disk', 'namespaces'],
    async inspect() {
      const state = inspectContainer(name, bundle);
      if (state.state !== 'present') return state;
      const silent = ports.find(({ port }) => !isListening(readContainerPid(bundle), port));
      return silent ? broken(`${silent.what} does not listen on port ${silent.port}`) : state;
    },
    async create() {
      const limits = hasController('pids') ? { pidLimit } : {};
      const config = createFileServerConfig({ name, layout, architecture: process.arch, ...limits });
      const files = { 'ganesha.conf': renderFileServer(spec, layout, render) };
      const pid = await startContainer(name, bundle, config, files);
      for (const { port, what } of ports) await waitForListener(pid, port, what);
      markStarted(bundle);
    },
    remove: () => removeContainer(name),
  };
}
