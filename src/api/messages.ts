import type { Claim, OperationKind } from '../lab/claim.ts';
import type { ErrorMessage } from '../lab/error.ts';

/**
 * What labd says and hears. Times are milliseconds since 1970; `board` in a request may be left out, and then means
 * the caller's only board (on a jail's socket: that jail's board).
 *
 * | method and path           | request        | answer |
 * |---------------------------|----------------|--------|
 * | GET  /v1/classes          |                | ClassList |
 * | GET  /v1/boards           | ?mine=true     | BoardList |
 * | POST /v1/claim            | ClaimRequest   | OperationEvent, one JSON object a line |
 * | POST /v1/reinit           | BoardRequest   | OperationEvent, one JSON object a line |
 * | POST /v1/release          | BoardRequest   | OperationEvent, one JSON object a line |
 * | GET  /v1/operations/:id   |                | OperationEvent, from the operation's first event on |
 * | GET  /v1/power            | ?board=        | PowerAnswer |
 * | POST /v1/power            | PowerRequest   | PowerAnswer |
 * | GET  /v1/console          | ?board=, Upgrade: labcli-console | 101, then the serial line's bytes, both ways |
 *
 * The host socket wants the caller's name in the header `labcli-user`; a jail's socket ignores that header.
 * Every error is `{ "error": ErrorMessage }` with the status that belongs to its code; in a stream it is the last event.
 */
export const userHeader = 'labcli-user';
export const consoleProtocol = 'labcli-console';

export interface ClassSummary {
  readonly name: string;
  readonly description: string;
  readonly boards: number;
  readonly available: number;
}

export interface ClassList {
  readonly classes: readonly ClassSummary[];
}

export type BoardState = 'free' | 'claimed' | 'quarantined';

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
  /** Why a board is quarantined. */
  readonly reason?: string;
}

export interface BoardList {
  readonly boards: readonly BoardSummary[];
}

export interface ClaimRequest {
  readonly class: string;
  /** Power the board on as the last step; only for a class with a default boot configuration. */
  readonly power?: boolean;
}

export interface BoardRequest {
  readonly board?: string;
}

export type PowerAction = 'on' | 'off' | 'cycle';
export type PowerState = 'on' | 'off' | 'unknown';

export interface PowerRequest extends BoardRequest {
  readonly action: PowerAction;
}

export interface PowerAnswer {
  readonly board: string;
  readonly power: PowerState;
}

/** What the user of a finished claim or reinit needs to know. */
export interface ClaimedBoard extends Claim {
  readonly class: string;
  readonly jailAddress: string;
  readonly power: PowerState;
}

export type OperationEvent =
  | { readonly event: 'operation'; readonly id: number; readonly kind: OperationKind; readonly board: string }
  | { readonly event: 'step'; readonly step: string; readonly state: 'started' | 'done'; readonly elapsedMs: number }
  | { readonly event: 'done'; readonly claim?: ClaimedBoard }
  | { readonly event: 'error'; readonly error: ErrorMessage };
