import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { pathOfBase } from '../bases.ts';
import { inspectContainer, markStarted, removeContainer, startContainer } from '../crun.ts';
import { followClaim } from '../follow-claim.ts';
import { addKeyToAgent } from '../host-key-agent.ts';
import type { JailLayout, JailSpec } from '../jail-layout.ts';
import { createHostKeyAgentConfig } from '../oci/host-key-agent-config.ts';
import { broken, type Part } from '../part.ts';
import { formatPublicKey, keepSshKey } from '../ssh-key.ts';
import type { PartMeans } from './jail-parts.ts';

const agentLimits = { processes: 8, memoryBytes: 64 * 1024 * 1024 };

/**
 * The jail's host key, and its certificate. The private half is not in the jail but with an ssh-agent beside it, that signs for
 * the jail's sshd as long as the claim lasts: nobody can take the key along and pose as a later jail of the same board.
 */
export function createHostKey(
  spec: JailSpec,
  layout: JailLayout,
  means: Pick<PartMeans, 'authority' | 'render' | 'limiter' | 'limits'>,
): Part {
  const { limiter } = means;
  const { handle, uidBase } = spec.board;
  // A board's handle has no dot.
  const name = `${handle}.key`;
  return {
    name: 'host-key',
    needs: ['directory'],
    async inspect() {
      const agent = inspectContainer(name, layout.hostKeyBundle, limiter);
      return agent.state === 'present' && !existsSync(layout.hostCertificate) ? broken('no certificate') : agent;
    },
    async create(claim) {
      const key = keepSshKey(layout.hostPrivateKey);
      mkdirSync(layout.hostKeyAgent, { recursive: true });
      chownSync(layout.hostKeyAgent, uidBase, uidBase);
      chmodSync(layout.hostKeyAgent, 0o700);
      rmSync(layout.hostKeySocket, { force: true });
      writeFileSync(layout.hostPublicKey, `${formatPublicKey(key, handle)}\n`, { mode: 0o644 });
      const limits = { ...means.limits, ...agentLimits };
      const { resources, joinFiles } = limiter.prepare(name, limits, []);
      const config = createHostKeyAgentConfig({
        name,
        layout,
        base: pathOfBase(spec.base),
        uid: uidBase,
        architecture: process.arch,
        resources,
      });
      await startContainer(name, layout.hostKeyBundle, config, joinFiles);
      await addKeyToAgent(layout.hostKeySocket, key, handle);
      followClaim(spec, layout, means, claim);
      markStarted(layout.hostKeyBundle);
    },
    remove: () => removeContainer(name, limiter),
  };
}
