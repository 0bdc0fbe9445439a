import type { LabClient } from '../api/client.ts';
import type { ClaimedBoard } from '../api/messages.ts';
import { LabError } from '../lab/error.ts';
import { formatExpiry } from './expiry.ts';
import type { Output } from './output.ts';

/** What an operation ended with: its board, and the claim if one is left. */
export interface Outcome {
  readonly board: string;
  readonly claim?: ClaimedBoard;
}

/** Runs an operation to its end. Tells a line a step, unless `isJson`. */
export async function followOperation(
  { client, output }: { readonly client: LabClient; readonly output: Output },
  operation: Parameters<LabClient['runOperation']>[0],
  isJson: boolean,
): Promise<Outcome> {
  let board: string | undefined;
  for await (const event of client.runOperation(operation)) {
    if (event.event === 'operation') board = event.board;
    if (event.event === 'step' && event.state === 'done' && !isJson) {
      output.tell(`${board ?? ''}: ${event.step} (${Math.round(event.elapsedMs)} ms)`);
    }
    if (event.event === 'done' && board !== undefined) {
      return { board, ...(event.claim === undefined ? {} : { claim: event.claim }) };
    }
  }
  throw new LabError('bug', `labd ended the ${operation.kind} without a result`);
}

/** What the holder of a claim needs to know next. */
export function describeClaim(claim: ClaimedBoard, nowMs: number): string[] {
  return [
    `  jail     ${claim.jailAddress}`,
    `  log in   ssh root@${claim.board}`,
    `  power    ${claim.power}`,
    `  expires  ${formatExpiry(claim.expiresAtMs, nowMs)}`,
  ];
}
