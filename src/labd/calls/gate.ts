import { authorize, type BoardAction, type Identity } from '../../lab/access.ts';
import type { Claim } from '../../lab/claim.ts';
import { LabError } from '../../lab/error.ts';
import type { BoardRecord, Store } from '../../store/store.ts';
import type { Settings } from '../settings.ts';

/** Asked before anything is done for anybody. Everything throws `LabError`. */
export interface Gate {
  checkUser(identity: Identity): void;
  /** Throws `denied` in a jail: what is running there may be anything, and learns of its own board alone. */
  checkOnHost(identity: Identity): void;
  /** Throws `denied` for all but admins on the host's door. */
  checkAdmin(identity: Identity): void;
  /** The claim in whose name this identity may do this. Asked anew for each request. */
  allow(
    identity: Identity,
    action: BoardAction,
    board: string | undefined,
  ): Promise<{ readonly claim: Claim; readonly record: BoardRecord }>;
}

export function createGate(settings: Settings, store: Store): Gate {
  function checkUser({ user }: Identity): void {
    settings.findUser(user);
  }

  return {
    checkUser,
    checkOnHost(identity) {
      checkUser(identity);
      if (identity.door === 'host') return;
      throw new LabError('denied', `this is the jail of ${identity.board}: it is told of its own board alone`, {
        hint: 'ask on the lab host: ssh labhost labcli',
      });
    },
    checkAdmin(identity) {
      checkUser(identity);
      if (identity.door === 'host' && settings.isAdmin(identity.user)) return;
      throw new LabError('denied', 'only an admin of the lab may do this', {
        hint: 'lab.yaml says who is: the users of a role with `admin: true`',
      });
    },
    async allow(identity, action, board) {
      checkUser(identity);
      const handle = board ?? (identity.door === 'jail' ? identity.board : undefined);
      const asked = handle === undefined ? undefined : await store.findBoard(handle);
      const claims = handle === undefined ? await store.listClaimsOf(identity.user) : asked?.claim ? [asked.claim] : [];
      const handles = asked || handle === undefined ? [handle ?? ''] : await store.listHandles();
      const claim = authorize(identity, action, board, { claims, handles, nowMs: await store.nowMs() });
      const record = asked ?? (await store.findBoard(claim.board));
      if (!record) throw new LabError('bug', `${claim.board} is claimed but not there`);
      return { claim, record };
    },
  };
}

/** How long a second caller waits for the end of what runs. */
export const longestWaitMs = 120_000;

export function refuseDuringOperation({ board, operation }: BoardRecord): void {
  if (!operation) return;
  const hint = 'try again when it has ended; `release`, `reinit` and `admin release` wait for that with `--wait`';
  throw new LabError('busy', `${board.handle} is busy: its ${operation.kind} is running`, { hint });
}
