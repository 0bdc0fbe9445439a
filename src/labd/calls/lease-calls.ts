import type { ClaimAnswer, ExtendRequest, ShareRequest } from '../../api/messages.ts';
import type { Identity } from '../../lab/access.ts';
import type { Claim } from '../../lab/claim.ts';
import { unknownName } from '../../lab/unknown-name.ts';
import type { CallContext } from './calls.ts';
import { refuseDuringOperation } from './gate.ts';

/** Changes of a claim that is there: how long, with whom, whose. */
export interface LeaseCalls {
  extend(identity: Identity, request: ExtendRequest): Promise<ClaimAnswer>;
  share(identity: Identity, request: ShareRequest): Promise<ClaimAnswer>;
  unshare(identity: Identity, request: ShareRequest): Promise<ClaimAnswer>;
  transfer(identity: Identity, request: ShareRequest): Promise<ClaimAnswer>;
}

export function createLeaseCalls(context: CallContext): LeaseCalls {
  const { settings, store, consoles, proxies, changes, gate, describe, renewJail } = context;

  async function tell(claim: Claim): Promise<ClaimAnswer> {
    changes.tell();
    await renewJail(claim);
    return { claim: await describe(claim) };
  }

  async function allowHandover(identity: Identity, { board, user }: ShareRequest) {
    const names = settings.current().users.map(({ name }) => name);
    if (!names.includes(user)) throw unknownName(`lab.yaml has no user ${user}`, user, { names, what: 'users' });
    const { claim } = await gate.allow(identity, 'share', board);
    return { claim, handover: { board: claim.board, epoch: claim.epoch, actor: identity.user, user } };
  }

  return {
    async extend(identity, { board, leaseMs }) {
      const { claim, record } = await gate.allow(identity, 'extend', board);
      // What is being released is not theirs any more.
      if (record.operation?.kind === 'release') refuseDuringOperation(record);
      const boardClass = settings.findClass(record.board.class);
      return tell(
        await store.extend({
          board: claim.board,
          epoch: claim.epoch,
          actor: identity.user,
          leaseMs,
          mostMs: settings.mostLeaseOf(claim.user, boardClass),
          yieldsToWaiters: boardClass?.yieldsToWaiters === true,
        }),
      );
    },
    async share(identity, request) {
      return tell(await store.share((await allowHandover(identity, request)).handover));
    },
    async unshare(identity, request) {
      const { handover, claim } = await allowHandover(identity, request);
      const left = await store.unshare(handover);
      consoles.endStreamsOf(claim.board, request.user);
      proxies.endStreamsOf(claim.board, request.user);
      return tell(left);
    },
    async transfer(identity, request) {
      const { handover, claim } = await allowHandover(identity, request);
      const moved = await store.transfer({ ...handover, limits: settings.limitsOf(request.user) });
      consoles.endStreamsOf(claim.board, claim.user);
      proxies.endStreamsOf(claim.board, claim.user);
      return tell(moved);
    },
  };
}
