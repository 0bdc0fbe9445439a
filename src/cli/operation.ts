import type { LabClient } from '../api/client.ts';
import type { ClaimedBoard, OperationEvent } from '../api/messages.ts';
import { LabError } from '../lab/error.ts';
import { formatMoment } from '../lab/format-moment.ts';
import { formatExpiry, formatRoughLength } from './expiry.ts';
import type { Context } from './verb.ts';

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
  { client, output, nowMs }: Pick<Context, 'client' | 'output' | 'nowMs'>,
  operation: Parameters<LabClient['runOperation']>[0],
  isJson: boolean,
  whenDone: (outcome: Outcome) => void | Promise<void> = () => {},
): Promise<Outcome> {
  const linesOf = createTeller(nowMs);
  let board: string | undefined;
  let outcome: Outcome | undefined;
  for await (const event of client.runOperation(operation)) {
    if (event.event === 'operation') board = event.board;
    if (!isJson) for (const line of linesOf(event)) output.tell(line);
    if (event.event === 'done') {
      outcome = { board: board ?? event.claims[0]?.board ?? '', claims: event.claims };
      await whenDone(outcome);
    }
    if (event.event === 'ended') throw new LabError('denied', `the claim of ${event.board} has ended`);
  }
  if (outcome) return outcome;
  throw new LabError('bug', `labd ended the ${operation.kind} without a result`);
}

/** Tells an event of which a reader need know nothing with no line, and who holds what is waited for only when that has changed. */
function createTeller(nowMs: () => number) {
  let toldHolders = '';
  return (event: Exclude<OperationEvent, { event: 'error' }>): string[] => {
    switch (event.event) {
      case 'waiting': {
        const { position, holders, expectedAtMs } = event;
        const expected = expectedAtMs === undefined ? '' : `; expected by ${formatExpiry(expectedAtMs, nowMs())}`;
        const held = holders.map(({ board, user, untilMs }) => `  ${board}: ${user} until ${formatMoment(untilMs)}`);
        const hasChanged = held.join() !== toldHolders;
        toldHolders = held.join();
        return [`place ${position} in the queue${expected}`, ...(hasChanged ? held : [])];
      }
      case 'operation':
        return event.kind === 'claim' ? [`${event.board}: yours, its jail is being built`] : [];
      case 'step':
        return event.state === 'done' ? [`${event.board}: ${event.step} (${Math.round(event.elapsedMs)} ms)`] : [];
      default:
        return [];
    }
  };
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

/** What becomes of a claim that lives by its connection when that ends, by Ctrl-C too. */
export function describeHold({ graceMs = 0 }: ClaimedBoard): string {
  return `It ends ${formatRoughLength(graceMs)} after this connection does (Ctrl-C); \`labcli hold\` takes it up again before that.`;
}
