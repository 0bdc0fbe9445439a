import { hasController } from '../cgroup.ts';
import { inspectContainer, markStarted, removeContainer, startContainer, waitForListener } from '../crun.ts';
import type { JailLayout, JailSpec } from '../jail-layout.ts';
import { createJailConfig } from '../oci/jail-config.ts';
import type { Part } from '../part.ts';

const pidLimit = 4096;

/** The jail's processes. They may start before the interfaces are there: sshd and dnsmasq do not mind. */
export function createContainer(spec: JailSpec, layout: JailLayout): Part {
  const { handle } = spec.board;
  return {
    name: 'container',
    needs: ['root-fs', 'nfs-view', 'namespaces'],
    inspect: async () => inspectContainer(handle, layout.containerBundle),
    async create() {
      const limits = hasController('pids') ? { pidLimit } : {};
      const config = createJailConfig({ spec, layout, architecture: process.arch, ...limits });
      const pid = await startContainer(handle, layout.containerBundle, config);
      await waitForListener(pid, 22, 'sshd in the jail');
      markStarted(layout.containerBundle);
    },
    remove: () => removeContainer(handle),
  };
}
