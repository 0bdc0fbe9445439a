import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { hasController } from '../cgroup.ts';
import { inspectContainer, markStarted, removeContainer, startContainer } from '../crun.ts';
import { followClaim } from '../follow-claim.ts';
import type { HostAuthority } from '../host-authority.ts';
import { addKeyToAgent } from '../host-key-agent.ts';
import type { JailLayout, JailSpec } from '../jail-layout.ts';
import { createHostKeyAgentConfig } from '../oci/host-key-agent-config.ts';
import { broken, type Part } from '../part.ts';
import { formatPublicKey, keepSshKey } from '../ssh-key.ts';
import type { RenderTemplate } from '../template.ts';

const pidLimit = 8;

/**
 * The jail's host key, and its certificate. The private half is not in the jail but with an ssh-agent beside it, that signs for
 * the jail's sshd as long as the claim lasts: nobody can take the key along and pose as a later jail of the same board.
 */
export function createHostKey(
  spec: JailSpec,
  layout: JailLayout,
  authority: HostAuthority,
  render: RenderTemplate,
): Part {
  const { handle, uidBase } = spec.board;
  // A board's handle has no dot.
  const name = `${handle}.key`;
  return {
    name: 'host-key',
    needs: ['directory'],
    async inspect() {
      const agent = inspectContainer(name, layout.hostKeyBundle);
      return agent.state === 'present' && !existsSync(layout.hostCertificate) ? broken('no certificate') : agent;
    },
    async create(claim) {
      const key = keepSshKey(layout.hostPrivateKey);
      mkdirSync(layout.hostKeyAgent, { recursive: true });
      chownSync(layout.hostKeyAgent, uidBase, uidBase);
      chmodSync(layout.hostKeyAgent, 0o700);
      rmSync(layout.hostKeySocket, { force: true });
      writeFileSync(layout.hostPublicKey, `${formatPublicKey(key, handle)}\n`, { mode: 0o644 });
      const limits = hasController('pids') ? { pidLimit } : {};
      const config = createHostKeyAgentConfig({ name, layout, uid: uidBase, architecture: process.arch, ...limits });
      await startContainer(name, layout.hostKeyBundle, config);
      await addKeyToAgent(layout.hostKeySocket, key, handle);
      followClaim(spec, layout, { authority, render }, claim);
      markStarted(layout.hostKeyBundle);
    },
    remove: () => removeContainer(name),
  };
}
