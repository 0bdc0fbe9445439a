import { hasController } from '../cgroup.ts';
import { inspectContainer, markStarted, removeContainer, startContainer, waitForListener } from '../crun.ts';
import type { JailLayout, JailSpec } from '../jail-layout.ts';
import { createFileServerConfig } from '../oci/file-server-config.ts';
import type { Part } from '../part.ts';
import type { RenderTemplate } from '../template.ts';

const pidLimit = 512;

/** The board's NFS server: nfs-ganesha, beside the jail and out of its reach, on the jail's network. */
export function createFileServer(spec: JailSpec, layout: JailLayout, render: RenderTemplate): Part {
  const { handle } = spec.board;
  // A board's handle has no dot.
  const name = `${handle}.nfs`;
  return {
    name: 'file-server',
    needs: ['nfs-disk', 'namespaces'],
    inspect: async () => inspectContainer(name, layout.fileServerBundle),
    async create() {
      const limits = hasController('pids') ? { pidLimit } : {};
      const config = createFileServerConfig({ name, layout, architecture: process.arch, ...limits });
      const files = { 'ganesha.conf': render('ganesha.conf', { handle }) };
      const pid = await startContainer(name, layout.fileServerBundle, config, files);
      await waitForListener(pid, 2049, 'the NFS server');
      markStarted(layout.fileServerBundle);
    },
    remove: () => removeContainer(name),
  };
}
