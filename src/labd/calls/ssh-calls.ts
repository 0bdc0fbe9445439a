import type { Duplex } from 'node:stream';
import type { KnownHosts } from '../../api/messages.ts';
import type { Identity } from '../../lab/access.ts';
import { LabError } from '../../lab/error.ts';
import { describeKnownHosts } from '../known-hosts.ts';
import type { CallContext } from './calls.ts';
import { refuseDuringOperation } from './gate.ts';

/** What a client needs to log in to jails. */
export interface SshCalls {
  /** Gives what connects a stream to the sshd of the board's jail. */
  openProxy(identity: Identity, board: string | undefined): Promise<(stream: Duplex) => void>;
  readKnownHosts(identity: Identity): Promise<KnownHosts>;
}

const authorityTimeoutMs = 5000;

export function createSshCalls({ settings, jails, proxies, gate }: CallContext): SshCalls {
  return {
    async openProxy(identity, board) {
      if (identity.door === 'jail') throw new LabError('denied', 'a jail needs no proxy to itself');
      const { claim, record } = await gate.allow(identity, 'jail', board);
      refuseDuringOperation(record);
      const jail = await proxies.connect(record.board, identity.user);
      try {
        // The claim may have ended before there was a connection to be ended with it.
        const now = await gate.allow(identity, 'jail', claim.board);
        refuseDuringOperation(now.record);
        if (now.claim.epoch !== claim.epoch) throw new LabError('denied', `your claim of ${claim.board} is over`);
      } catch (error) {
        jail.destroy();
        throw error;
      }
      return stream => proxies.join(record.board, stream, jail, identity.user);
    },
    async readKnownHosts(identity) {
      gate.checkUser(identity);
      const authority = await jails.readHostAuthority(AbortSignal.timeout(authorityTimeoutMs));
      return describeKnownHosts(settings.current(), authority);
    },
  };
}
