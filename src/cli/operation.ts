import type { LabClient } from '../api/client.ts';
import type { ClaimedBoard, OperationEvent } from '../api/messages.ts';
import { LabError } from '../lab/error.ts';
import { formatExpiry, formatLocalTime } from './expiry.ts';
import type { Output } from './output.ts';

/** What an operation ended with: its board, and the claims if any are left. */
export interface Outcome {
  readonly board: string;
  readonly claims: readonly ClaimedBoard[];
}

/**
 * Runs an operation to its end. Tells a line a step, unless `isJson`. For a claim that lives by its connection, `whenDone` is
 * called when it stands, and the end is the end of the claim.
 */
export async function followOperation(
  { client, output }: { readonly client: LabClient; readonly output: Output },
  operation: Parameters<LabClient['runOperation']>[0],
  isJson: boolean,
  whenDone: (outcome: Outcome) => void | Promise<void> = () => {},
): Promise<Outcome> {
  let board: string | undefined;
  let outcome: Outcome | undefined;
  for await (const event of client.runOperation(operation)) {
    if (event.event === 'operation') board = event.board;
    const line = isJson ? undefined : lineOf(event);
    if (line !== undefined) output.tell(line);
    if (event.event === 'done') {
      outcome = { board: board ?? event.claims[0]?.board ?? '', claims: event.claims };
      await whenDone(outcome);
    }
    if (event.event === 'ended') throw new LabError('denied', `the claim of ${event.board} has ended`);
  }
  if (outcome) return outcome;
  throw new LabError('bug', `labd ended the ${operation.kind} without a result`);
}

function lineOf(event: Exclude<OperationEvent, { event: 'error' }>): string | undefined {
  switch (event.event) {
    case 'waiting': {
      const { position, holders, expectedAtMs } = event;
      const held = holders.map(({ board, user, untilMs }) => `${board}: ${user} until ${formatLocalTime(untilMs)}`);
      const expected = expectedAtMs === undefined ? [] : [`expected by ${formatLocalTime(expectedAtMs)}`];
      return [`place ${position} in the queue`, ...expected, ...held].join('; ');
    }
    case 'operation':
      return event.kind === 'claim' ? `${event.board}: yours, its jail is being built` : undefined;
    case 'step':
      return event.state === 'done' ? `${event.board}: ${event.step} (${Math.round(event.elapsedMs)} ms)` : undefined;
    default:
      return undefined;
  }
}

/** What the holder of a claim needs to know next. */
export function describeClaim(claim: ClaimedBoard, nowMs: number): string[] {
  return [
    `  jail     ${claim.jailAddress}`,
    `  log in   ssh root@${claim.board}`,
    `  power    ${claim.power}`,
    `  expires  ${formatExpiry(claim.expiresAtMs, nowMs)}`,
    ...(claim.sharedWith.length > 0 ? [`  shared   with ${claim.sharedWith.join(', ')}`] : []),
  ];
}
