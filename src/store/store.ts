import type { Bar, BarKind } from '../lab/bar.ts';
import type { Board } from '../lab/board.ts';
import type { Claim, OperationKind } from '../lab/claim.ts';
import type { ErrorMessage } from '../lab/error.ts';
import type { LabEvent, NewEvent } from '../lab/event.ts';
import type { Operation } from '../lab/operation.ts';
import type { ReplayedLab } from '../lab/replay.ts';
import type { Request, RequestEnd } from '../lab/request.ts';
import type { Want } from '../lab/want.ts';

/** Claim operations that a change began, for requests that waited: whoever made the change starts them. */
export type Granted = readonly Operation[];

/** What ought to be: who holds which board, until when, who waits, and what is being done about it. Survives kill -9. */
export interface Store {
  /** The database's clock, in milliseconds since 1970. */
  nowMs(): Promise<number>;
  /** Takes over what lab.yaml says. A board that is claimed stays as it is until it is released. */
  syncLab(classes: readonly string[], boards: readonly Board[]): Promise<Granted>;
  /** All boards that lab.yaml names, somebody holds or must be cleaned, by handle. */
  listBoards(filter?: BoardFilter): Promise<readonly BoardRecord[]>;
  findBoard(handle: string): Promise<BoardRecord | undefined>;
  listHandles(): Promise<readonly string[]>;
  countByClass(): Promise<ReadonlyMap<string, { readonly boards: number; readonly available: number }>>;

  /**
   * Puts a wish into the queue and serves the queue in its order: all boards of a request or none, to the first whom they fit, those
   * boards first that have been idle the longest, each with its next epoch. Throws `busy` when it got none and does not
   * wait, `not-found` when the lab has no such boards, `denied` over a limit.
   */
  ask(wish: Wish): Promise<Asked>;
  /** Ends a request that waits, and says whether it did. */
  endRequest(id: number, reason: RequestEnd, actor: string): Promise<boolean>;
  /** The queue, in the order in which it is served. */
  listQueue(): Promise<readonly Request[]>;
  /** The numbers of the requests that wait. */
  listWaiting(): Promise<ReadonlySet<number>>;
  findRequest(id: number): Promise<(Request & { readonly ended?: RequestEnd }) | undefined>;
  /** Who holds the boards that fit any of the wants, those first whose leases end first, at most `limit`. */
  listHolders(wants: readonly Want[], limit: number): Promise<readonly Holder[]>;
  /** What time alone changes: waiting that is over, windows that begin and end. `isChanged` when anything was. */
  settle(): Promise<{ readonly isChanged: boolean; readonly granted: Granted }>;

  /** Begins to reinit or release. Throws `denied` when that claim is over, `busy` when an operation runs on the board. */
  beginOperation(begin: OperationBegin): Promise<Operation>;
  /** Begins a health check of a free board. */
  beginCheck(begin: CheckBegin): Promise<Operation>;
  recordStep(operationId: number, step: string, attempt: number): Promise<void>;
  /** From now on the claim operation is not tried again; its leftovers are removed. */
  markUndoing(operationId: number, error: ErrorMessage): Promise<void>;
  /** Ends an operation; ends its claim, bars the board or lifts that, and hands the board on, in the same transaction. */
  finishOperation(operationId: number, result: OperationResult): Promise<Granted>;
  findOperation(id: number): Promise<Operation | undefined>;
  listUnfinishedOperations(): Promise<readonly Operation[]>;
  /** The operations that built what a request was granted. */
  listClaimOperations(requestId: number): Promise<readonly Operation[]>;

  /** Is this epoch's claim live, and not run out, at this moment? To be asked before each action on the board. */
  isLive(board: string, epoch: number): Promise<boolean>;
  /** Live claims that have run out. */
  listExpired(): Promise<readonly Claim[]>;
  /** Live claims that end before the moment, those first that end first. */
  listEndingBefore(momentMs: number): Promise<readonly Claim[]>;
  /** Live claims that a request was granted, when another of its claims could not be built: all or none. */
  listOrphans(): Promise<readonly Claim[]>;
  /** Live claims that the user holds, or that are shared with them. */
  listClaimsOf(user: string): Promise<readonly Claim[]>;
  /** Never shortens a lease. Throws `denied` or `busy` with the reason. */
  extend(extension: Extension): Promise<Claim>;
  markAway(board: string, epoch: number): Promise<Claim>;
  markBack(board: string, epoch: number): Promise<Claim>;
  /** Gives each claim that lives by a connection its grace from now on: no connection outlives the daemon. */
  markAllAway(): Promise<void>;
  shiftLeases(byMs: number): Promise<void>;
  spareLeases(graceMs: number): Promise<void>;
  share(handover: Handover): Promise<Claim>;
  unshare(handover: Handover): Promise<Claim>;
  transfer(handover: Transfer): Promise<Claim>;

  setBar(change: BarChange): Promise<void>;
  liftBar(
    board: string,
    kind: BarKind,
    actor: string,
  ): Promise<{ readonly isLifted: boolean; readonly granted: Granted }>;

  recordEvent(event: NewEvent): Promise<void>;
  listEvents(filter: EventFilter): Promise<readonly LabEvent[]>;
  listHistory(filter: HistoryFilter): Promise<readonly HistoryEntry[]>;
  listUsage(sinceMs: number): Promise<readonly UsageEntry[]>;
  /** The lab as the tables have it; the same as its events replay to. */
  readLab(): Promise<ReplayedLab>;
  /** Drops events and ended claims from before; gives the number of events. */
  dropHistory(beforeMs: number): Promise<number>;

  /** Says that a labd is at work, and gives when one last said so. */
  markAlive(): Promise<number>;
  close(): Promise<void>;
}

export interface BoardFilter {
  /** Only those that this user holds. */
  readonly user?: string;
  /** Only those whose handles come after this one. */
  readonly after?: string;
  readonly limit?: number;
}

export interface BoardRecord {
  /** As lab.yaml describes it; while it is claimed, as it did when the claim began. */
  readonly board: Board;
  readonly isListed: boolean;
  readonly epoch: number;
  readonly claim?: Claim;
  readonly operation?: { readonly id: number; readonly kind: OperationKind };
  /** Why the board is not given out now. */
  readonly bars: readonly Bar[];
  /** Windows that are still to come. */
  readonly plannedBars: readonly Bar[];
  readonly powerWanted: 'on' | 'off';
  /** 0 for never. */
  readonly lastCheckedAtMs: number;
  readonly claimsSinceCheck: number;
}

export interface Wish {
  readonly user: string;
  readonly wants: readonly Want[];
  readonly leaseMs: number;
  readonly power: 'on' | 'off';
  readonly priority: number;
  readonly waits: boolean;
  /** For how long it waits; without it, as long as its connection is there. */
  readonly waitMs?: number;
  /** Makes the claims live by a connection. */
  readonly graceMs?: number;
  readonly keys: readonly string[];
  readonly limits: Limits;
}

export interface Limits {
  /** Boards held or waited for at once. */
  readonly boards?: number;
  readonly waiting?: number;
  /** What all users of a role may hold or wait for. */
  readonly together?: { readonly role: string; readonly users: readonly string[]; readonly boards: number };
}

export interface Asked {
  readonly requestId: number;
  /** Those of this request, and of any other that could be served. */
  readonly granted: Granted;
}

export interface Holder {
  readonly board: string;
  readonly user: string;
  readonly untilMs: number;
}

export interface OperationBegin {
  readonly kind: 'reinit' | 'release';
  readonly board: string;
  readonly epoch: number;
  /** Only if the claim is this user's still: it may have been given away a moment ago. */
  readonly holder?: string;
  readonly actor: string;
  readonly cause?: string;
}

export interface CheckBegin {
  readonly board: string;
  readonly leaseMs: number;
  readonly actor: string;
}

export type EndReason = 'released' | 'expired' | 'disconnected' | 'failed' | 'checked' | 'removed by an admin';

export interface OperationResult {
  readonly state: 'done' | 'failed';
  readonly error?: ErrorMessage;
  /** Why the claim ends. Without it, the claim stays. */
  readonly endReason?: EndReason;
  readonly setBars?: readonly { readonly kind: BarKind; readonly reason: string }[];
  readonly liftBars?: readonly BarKind[];
  /** After that many claims the board must be checked before it is given out again. */
  readonly checkAfterClaims?: number;
}

export interface Extension {
  readonly board: string;
  readonly epoch: number;
  readonly actor: string;
  /** How long the lease is to last from now on. */
  readonly leaseMs: number;
  /** How long a claim may last, from its beginning. */
  readonly mostMs: number;
  /** Whether it is refused while somebody waits whom the board fits. */
  readonly yieldsToWaiters: boolean;
}

export interface Handover {
  readonly board: string;
  readonly epoch: number;
  readonly actor: string;
  /** With whom, or to whom. */
  readonly user: string;
}

export interface Transfer extends Handover {
  readonly limits: Limits;
}

export interface BarChange {
  readonly board: string;
  readonly kind: BarKind;
  readonly reason: string;
  readonly actor: string;
  readonly startsAtMs?: number;
  readonly endsAtMs?: number;
}

export interface EventFilter {
  readonly board?: string;
  readonly user?: string;
  readonly sinceMs?: number;
  readonly afterId?: number;
  readonly limit: number;
}

export type HistoryFilter = Omit<EventFilter, 'afterId'>;

export interface HistoryEntry {
  readonly board: string;
  readonly class: string;
  readonly user: string;
  readonly epoch: number;
  readonly fromMs: number;
  readonly toMs?: number;
  readonly expiresAtMs: number;
  readonly reason?: string;
}

export interface UsageEntry {
  /** The beginning of the day, UTC. */
  readonly dayMs: number;
  readonly user: string;
  readonly class: string;
  readonly claims: number;
  readonly ms: number;
}
