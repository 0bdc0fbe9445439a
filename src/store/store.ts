import type { Board } from '../lab/board.ts';
import type { Claim, OperationKind } from '../lab/claim.ts';
import type { ErrorMessage } from '../lab/error.ts';
import type { Operation } from '../lab/operation.ts';

/** What ought to be: who holds which board, until when, and what is being done about it. Survives kill -9. */
export interface Store {
  /** The database's clock, in milliseconds since 1970. */
  nowMs(): Promise<number>;
  /** Takes over what lab.yaml says. A board that it names no longer stays as long as it is claimed. */
  syncLab(classes: readonly string[], boards: readonly Board[]): Promise<void>;
  /** All boards that lab.yaml names or somebody holds, by handle. */
  listBoards(): Promise<readonly BoardRecord[]>;
  findBoard(handle: string): Promise<BoardRecord | undefined>;
  /**
   * Gives the free, healthy board of the class that has been idle the longest to the user, with the next epoch, and begins
   * the claim operation; all or nothing. Throws `not-found` for a class that there is not, `busy` when none is free.
   */
  allocate(wish: ClaimWish): Promise<Operation>;
  /** Begins to reinit or release. Throws `denied` when that claim is over, `busy` when an operation runs on the board. */
  beginOperation(begin: OperationBegin): Promise<Operation>;
  recordStep(operationId: number, step: string, attempt: number): Promise<void>;
  /** From now on the claim operation is not tried again; its leftovers are removed. */
  markUndoing(operationId: number, error: ErrorMessage): Promise<void>;
  /** Ends an operation; ends its claim, and quarantines the board or lifts that, in the same transaction. */
  finishOperation(operationId: number, result: OperationResult): Promise<void>;
  findOperation(id: number): Promise<Operation | undefined>;
  listUnfinishedOperations(): Promise<readonly Operation[]>;
  /** Is this epoch's claim live, and not run out, at this moment? To be asked before each action on the board. */
  isLive(board: string, epoch: number): Promise<boolean>;
  /** Live claims that have run out. */
  listExpired(): Promise<readonly Claim[]>;
  /** Lifts the quarantine of a board that nobody holds. */
  liftQuarantine(board: string): Promise<void>;
  close(): Promise<void>;
}

export interface BoardRecord {
  /** As lab.yaml last described it. */
  readonly board: Board;
  readonly isListed: boolean;
  readonly epoch: number;
  readonly claim?: Claim;
  readonly operation?: { readonly id: number; readonly kind: OperationKind };
  /** Why the board is not given out. */
  readonly quarantine?: string;
  readonly powerWanted: 'on' | 'off';
}

export interface ClaimWish {
  readonly class: string;
  readonly user: string;
  readonly leaseMs: number;
  readonly power: 'on' | 'off';
}

export interface OperationBegin {
  readonly kind: 'reinit' | 'release';
  readonly board: string;
  readonly epoch: number;
  readonly actor: string;
}

export interface OperationResult {
  readonly state: 'done' | 'failed';
  readonly error?: ErrorMessage;
  /** Why the claim ends. Without it, the claim stays. */
  readonly endReason?: 'released' | 'expired' | 'failed';
  /** A reason quarantines the board, `null` lifts it, without it nothing changes. */
  readonly quarantine?: string | null;
}
