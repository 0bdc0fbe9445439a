import type { JailLimits } from '../../config/lab-config.ts';
import { inspectContainer, markStarted, removeContainer, startContainer, waitForListener } from '../crun.ts';
import type { JailLayout, JailSpec } from '../jail-layout.ts';
import type { Limiter } from '../limiter.ts';
import { createJailConfig } from '../oci/jail-config.ts';
import type { Part } from '../part.ts';

/** The jail's processes. They may start before the interfaces are there: sshd and dnsmasq do not mind. */
export function createContainer(spec: JailSpec, layout: JailLayout, limiter: Limiter, limits: JailLimits): Part {
  const { handle } = spec.board;
  return {
    name: 'container',
    needs: ['root-fs', 'nfs-view', 'namespaces'],
    inspect: async () => inspectContainer(handle, layout.containerBundle, limiter),
    async create() {
      const { resources, joinFiles } = limiter.prepare(handle, limits, [layout.rootDisk, layout.nfsMount]);
      const config = createJailConfig({ spec, layout, architecture: process.arch, limits, resources });
      const pid = await startContainer(handle, layout.containerBundle, config, joinFiles);
      await waitForListener(pid, 22, 'sshd in the jail');
      markStarted(layout.containerBundle);
    },
    remove: () => removeContainer(handle, limiter),
  };
}
