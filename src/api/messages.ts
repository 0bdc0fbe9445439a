import type { BarKind } from '../lab/bar.ts';
import type { Claim, OperationKind } from '../lab/claim.ts';
import type { ErrorMessage } from '../lab/error.ts';
import type { Want } from '../lab/want.ts';

/**
 * What labd says and hears. Times are milliseconds since 1970; `board` in a request may be left out, and then means
 * the caller's only board (on a jail's socket: that jail's board).
 *
 * | method and path           | request        | answer |
 * |---------------------------|----------------|--------|
 * | GET  /v1/classes          |                | ClassList |
 * | GET  /v1/boards           | ?mine=true     | BoardList |
 * | POST /v1/claim            | ClaimRequest   | OperationEvent, one JSON object a line |
 * | GET  /v1/requests         |                | QueueList |
 * | GET  /v1/requests/:id     |                | OperationEvent, one JSON object a line |
 * | POST /v1/cancel           | CancelRequest  | QueueList of what was ended |
 * | POST /v1/hold             | BoardRequest   | OperationEvent; the claim lives as long as the connection |
 * | POST /v1/reinit           | BoardRequest   | OperationEvent, one JSON object a line |
 * | POST /v1/release          | BoardRequest   | OperationEvent, one JSON object a line |
 * | POST /v1/extend           | ExtendRequest  | ClaimAnswer |
 * | POST /v1/share            | ShareRequest   | ClaimAnswer; also /v1/unshare and /v1/transfer |
 * | GET  /v1/operations/:id   |                | OperationEvent, from the operation's first event on |
 * | GET  /v1/power            | ?board=        | PowerAnswer |
 * | POST /v1/power            | PowerRequest   | PowerAnswer |
 * | POST /v1/exports          | ?board=, text of an /etc/exports | ExportAnswer; what the board can mount from now on |
 * | GET  /v1/console          | ?board=, Upgrade: labcli-console | 101, then the serial line's bytes, both ways |
 * | GET  /v1/known-hosts      |                | KnownHosts |
 * | GET  /v1/proxy            | ?board=, Upgrade: labcli-proxy | 101, then the bytes of the jail's sshd, both ways |
 * | GET  /v1/history          | HistoryQuery   | HistoryList |
 * | GET  /v1/usage            | ?since=        | UsageList |
 * | GET  /v1/events           | HistoryQuery, ?follow=true | LabEvent, one JSON object a line |
 * | POST /v1/admin/release    | AdminRelease   | OperationEvent, one JSON object a line |
 * | POST /v1/admin/bar        | AdminBar       | BoardAnswer |
 * | POST /v1/admin/unbar      | AdminUnbar     | BoardAnswer |
 * | POST /v1/admin/check      | BoardRequest   | OperationEvent, one JSON object a line |
 * | POST /v1/admin/jail-base  |                | BaseEvent, one JSON object a line |
 * | POST /v1/admin/reload     |                | ReloadAnswer |
 *
 * The host socket wants the caller's name in the header `labcli-user`; a jail's socket ignores that header.
 * Every error is `{ "error": ErrorMessage }` with the status that belongs to its code; in a stream it is the last event.
 */
export const userHeader = 'labcli-user';
export const consoleProtocol = 'labcli-console';
export const proxyProtocol = 'labcli-proxy';

export interface ClassSummary {
  readonly name: string;
  readonly description: string;
  readonly boards: number;
  readonly available: number;
}

export interface ClassList {
  readonly classes: readonly ClassSummary[];
}

export type BoardState = 'free' | 'claimed' | 'quarantined' | 'offline';

export interface BoardSummary {
  readonly handle: string;
  readonly class: string;
  readonly state: BoardState;
  /** Set while an operation runs on the board. */
  readonly operation?: OperationKind;
  readonly user?: string;
  readonly epoch?: number;
  readonly expiresAtMs?: number;
  /** Last state that the switch itself told; `unknown` when it could not be read. */
  readonly power: PowerState;
  readonly jailAddress: string;
  readonly vlan: number;
  readonly labels: readonly string[];
  /** Colleagues of the holder. */
  readonly sharedWith?: readonly string[];
  /** The lease ends within the time in which lab.yaml has it warned of. */
  readonly endsSoon?: true;
  /** Set while the claim lives by a connection that is away. */
  readonly awayUntilMs?: number;
  /** Why a board is not given out, each reason by itself. */
  readonly bars: readonly BarSummary[];
}

export interface BarSummary {
  readonly kind: BarKind;
  readonly reason: string;
  readonly startsAtMs?: number;
  readonly endsAtMs?: number;
}

export interface BoardList {
  readonly boards: readonly BoardSummary[];
}

export interface ClaimRequest {
  /** All of these, or none. */
  readonly wants: readonly Want[];
  /** Power the boards on as the last step; only for classes with a default boot configuration. */
  readonly power?: boolean;
  /** How long the claims last; the class's own default if left out. */
  readonly leaseMs?: number;
  /** Wait in the queue; for `waitMs`, or as long as the connection is there. */
  readonly wait?: boolean;
  readonly waitMs?: number;
  /** The claims live as long as the connection, and a grace that lab.yaml sets. */
  readonly hold?: boolean;
  /** OpenSSH public keys that open the jail besides the user's own. */
  readonly keys?: readonly string[];
}

/** Whose word counts for the host keys of jails, and for which names. */
export interface KnownHosts {
  readonly handles: readonly string[];
  /** Patterns of known_hosts for the addresses of all jails, such as `10.77.*`. */
  readonly addressPatterns: readonly string[];
  /** The certificate authority's key: a line as in an OpenSSH .pub file. */
  readonly authority: string;
}

export interface BoardRequest {
  readonly board?: string;
  /** Wait for the end of an operation that runs on the board. */
  readonly wait?: boolean;
}

export interface CancelRequest {
  /** All of the caller's, if left out. */
  readonly request?: number;
}

export interface ExtendRequest {
  readonly board?: string;
  readonly leaseMs: number;
}

export interface ShareRequest {
  readonly board?: string;
  readonly user: string;
}

export interface ClaimAnswer {
  readonly claim: ClaimedBoard;
}

export interface QueuedRequest {
  readonly id: number;
  readonly user: string;
  readonly wants: readonly Want[];
  readonly priority: number;
  /** 1 is served first. */
  readonly position: number;
  readonly sinceMs: number;
  readonly deadlineAtMs?: number;
}

export interface QueueList {
  readonly requests: readonly QueuedRequest[];
}

export interface HistoryQuery {
  readonly board?: string;
  readonly user?: string;
  readonly since?: number;
  readonly limit?: number;
}

export interface HistoryList {
  readonly claims: readonly {
    readonly board: string;
    readonly class: string;
    readonly user: string;
    readonly epoch: number;
    readonly fromMs: number;
    readonly toMs?: number;
    readonly expiresAtMs: number;
    readonly reason?: string;
  }[];
}

export interface UsageList {
  readonly usage: readonly {
    /** The beginning of the day, UTC. */
    readonly dayMs: number;
    readonly user: string;
    readonly class: string;
    readonly claims: number;
    readonly ms: number;
  }[];
}

export interface AdminRelease {
  readonly board: string;
  /** Only if this user holds it. */
  readonly ifHolder?: string;
  readonly reason?: string;
  /** Also end the holder's requests that could get it again. */
  readonly cancelWaiting?: boolean;
  /** For the end of what runs on the board. */
  readonly wait?: boolean;
}

export interface AdminBar {
  readonly board: string;
  readonly kind: 'offline' | 'maintenance';
  readonly reason: string;
  readonly startsAtMs?: number;
  readonly endsAtMs?: number;
}

export interface AdminUnbar {
  readonly board: string;
  /** Offline and health, if left out: a maintenance is ended only when it is named. */
  readonly kind?: 'offline' | 'maintenance' | 'health';
}

export interface BoardAnswer {
  readonly board: BoardSummary;
}

export interface ReloadAnswer {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Removed or changed, but claimed: they stay as they are until they are released. */
  readonly kept: readonly string[];
}

export type PowerAction = 'on' | 'off' | 'cycle';
export type PowerState = 'on' | 'off' | 'unknown';

export interface PowerRequest {
  readonly board?: string;
  readonly action: PowerAction;
}

export interface PowerAnswer {
  readonly board: string;
  readonly power: PowerState;
}

export interface ExportAnswer {
  readonly board: string;
  /** Folders in the jail. */
  readonly exports: readonly string[];
}

/** What the user of a finished claim or reinit needs to know. */
export interface ClaimedBoard extends Claim {
  readonly class: string;
  readonly jailAddress: string;
  readonly power: PowerState;
}

export interface Holder {
  readonly board: string;
  readonly user: string;
  readonly untilMs: number;
}

export type OperationEvent =
  /** The request is in the queue's books; it can be followed again under this number. */
  | { readonly event: 'request'; readonly id: number }
  /** Told anew whenever it changes. */
  | {
      readonly event: 'waiting';
      readonly position: number;
      readonly holders: readonly Holder[];
      /** When the leases in front of it have ended; unknown when their ends say nothing about it. */
      readonly expectedAtMs?: number;
    }
  | { readonly event: 'operation'; readonly id: number; readonly kind: OperationKind; readonly board: string }
  | {
      readonly event: 'step';
      readonly board: string;
      readonly step: string;
      readonly state: 'started' | 'done';
      readonly elapsedMs: number;
    }
  /** The claims that stand now: of a release, none. It is the last event, but of a claim that lives by its connection. */
  | { readonly event: 'done'; readonly claims: readonly ClaimedBoard[] }
  /** A claim that lives by this connection has ended all the same. */
  | { readonly event: 'ended'; readonly board: string }
  | { readonly event: 'error'; readonly error: ErrorMessage };

/** Calls that end with one answer: what they are asked with, and what they answer. */
export interface Calls {
  'POST /v1/cancel': { readonly request: CancelRequest; readonly answer: QueueList };
  'POST /v1/extend': { readonly request: ExtendRequest; readonly answer: ClaimAnswer };
  'POST /v1/share': { readonly request: ShareRequest; readonly answer: ClaimAnswer };
  'POST /v1/unshare': { readonly request: ShareRequest; readonly answer: ClaimAnswer };
  'POST /v1/transfer': { readonly request: ShareRequest; readonly answer: ClaimAnswer };
  'POST /v1/admin/bar': { readonly request: AdminBar; readonly answer: BoardAnswer };
  'POST /v1/admin/unbar': { readonly request: AdminUnbar; readonly answer: BoardAnswer };
  'POST /v1/admin/reload': { readonly request: Record<never, never>; readonly answer: ReloadAnswer };
  'GET /v1/known-hosts': { readonly request: Record<never, never>; readonly answer: KnownHosts };
  'GET /v1/requests': { readonly request: Record<never, never>; readonly answer: QueueList };
  'GET /v1/history': { readonly request: HistoryQuery; readonly answer: HistoryList };
  'GET /v1/usage': { readonly request: { readonly since?: number }; readonly answer: UsageList };
}
