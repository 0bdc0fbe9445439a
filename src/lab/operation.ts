import type { Claim, OperationKind } from './claim.ts';
import type { ErrorMessage } from './error.ts';

/**
 * `undoing`: a claim that failed and whose leftovers are being removed. It is a state of its own, so that after a crash the
 * removal goes on and the claim is not tried again.
 */
export type OperationState = 'running' | 'undoing' | 'done' | 'failed';

/** Something that is being done to a board, or was. It outlives the daemon that began it. */
export interface Operation {
  readonly id: number;
  readonly kind: OperationKind;
  readonly claim: Claim;
  /** A user's name, or `system`. */
  readonly actor: string;
  readonly state: OperationState;
  /** The last step that was begun, and how often it was tried. */
  readonly step?: string;
  readonly attempt: number;
  readonly error?: ErrorMessage;
  /** Why it was begun, when that is not plain from its kind. */
  readonly cause?: string;
}

export const systemActor = 'system';
