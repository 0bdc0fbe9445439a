import type { ClaimedBoard, OperationEvent } from '../../api/messages.ts';
import type { Claim } from '../../lab/claim.ts';
import type { Store } from '../../store/store.ts';
import type { Absentees } from '../absentees.ts';
import type { BoardLock } from '../board-lock.ts';
import type { BoardPower } from '../board-power.ts';
import type { Changes } from '../changes.ts';
import type { Consoles } from '../consoles.ts';
import type { Health } from '../health.ts';
import type { Holds } from '../holds.ts';
import type { Jails } from '../jails.ts';
import type { Operations } from '../operations.ts';
import type { Proxies } from '../proxies.ts';
import type { Settings } from '../settings.ts';
import type { WaitingRoom } from '../waiting-room.ts';
import { type AdminCalls, createAdminCalls } from './admin-calls.ts';
import { type BoardCalls, createBoardCalls } from './board-calls.ts';
import { type ClaimCalls, createClaimCalls } from './claim-calls.ts';
import { createGate, type Gate } from './gate.ts';
import { createHistoryCalls, type HistoryCalls } from './history-calls.ts';
import { createLeaseCalls, type LeaseCalls } from './lease-calls.ts';
import { createSshCalls, type SshCalls } from './ssh-calls.ts';

/** What can be asked of labd, by someone whose identity is known. Each throws `LabError`. */
export type Calls = BoardCalls & ClaimCalls & LeaseCalls & SshCalls & HistoryCalls & AdminCalls;

/** What the calls work with. */
export interface CallContext {
  readonly settings: Settings;
  readonly store: Store;
  readonly jails: Pick<Jails, 'applyExports' | 'buildBase' | 'readHostAuthority'>;
  readonly power: BoardPower;
  readonly consoles: Consoles;
  readonly proxies: Proxies;
  readonly lock: BoardLock;
  readonly operations: Operations;
  readonly waitingRoom: WaitingRoom;
  readonly absentees: Absentees;
  readonly holds: Holds;
  readonly health: Health;
  readonly changes: Changes;
  readonly gate: Gate;
  readonly describe: (claim: Claim) => Promise<ClaimedBoard>;
  /** A claim's users, keys or end have changed: its jail follows. */
  readonly renewJail: (claim: Claim) => Promise<void>;
  readonly reload: () => Promise<void>;
}

/** Ends when its reader leaves. */
export type EventStream = (signal: AbortSignal) => AsyncIterable<OperationEvent>;

export function createCalls(context: Omit<CallContext, 'gate'>): Calls {
  const whole = { ...context, gate: createGate(context.settings, context.store) };
  return {
    ...createBoardCalls(whole),
    ...createClaimCalls(whole),
    ...createLeaseCalls(whole),
    ...createSshCalls(whole),
    ...createHistoryCalls(whole),
    ...createAdminCalls(whole),
  };
}
