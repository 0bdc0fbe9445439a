import type {
  BoardList,
  BoardSummary,
  ClaimAnswer,
  ClassList,
  ExportAnswer,
  OperationEvent,
  PowerAnswer,
} from '../api/messages.ts';
import { describeBar } from '../lab/bar.ts';
import type { ErrorMessage } from '../lab/error.ts';
import { formatMoment } from '../lab/format-moment.ts';

/**
 * Answers for callers who have no JSON at hand, such as the shell script in a jail: lines to read, and `exit N` as the last one,
 * since the status of a stream is sent before its end is known.
 */
export function textOfError({ message, hint, reference }: ErrorMessage, exitCode: number): string {
  const more = hint ?? (reference ? `the log has the details under ${reference}` : undefined);
  return linesToRead([`labcli: ${message}`, ...(more?.split('\n').map(line => `  ${line}`) ?? [])], exitCode);
}

export function textOfClasses({ classes }: ClassList): string {
  return linesToRead(
    classes.map(({ name, available, boards, description }) => `${name} ${available}/${boards} ${description}`),
  );
}

export function textOfBoards({ boards }: BoardList): string {
  return linesToRead(boards.flatMap(linesOfBoard));
}

function linesOfBoard(board: BoardSummary): string[] {
  const { handle, state, user, power, expiresAtMs, jailAddress, vlan, operation, bars, sharedWith, endsSoon } = board;
  const line = [
    handle,
    operation ?? state,
    ...(user === undefined ? [] : [user]),
    `power ${power}`,
    `jail ${jailAddress}`,
    `vlan ${vlan}`,
    ...(expiresAtMs === undefined ? [] : [`until ${formatMoment(expiresAtMs)}`]),
  ].join('  ');
  return [
    line,
    ...(endsSoon ? ['  the lease ends soon: ssh labhost labcli extend --for 1h'] : []),
    ...bars.map(bar => `  ${describeBar(bar)}`),
    ...(sharedWith ? [`  shared with ${sharedWith.join(', ')}`] : []),
  ];
}

export function textOfClaim({ claim }: ClaimAnswer): string {
  const shared = claim.sharedWith.length > 0 ? [`shared with ${claim.sharedWith.join(', ')}`] : [];
  return linesToRead([[claim.board, claim.user, `until ${formatMoment(claim.expiresAtMs)}`, ...shared].join('  ')]);
}

export function textOfPower({ board, power }: PowerAnswer): string {
  return linesToRead([`${board} ${power}`]);
}

export function textOfExports({ exports }: ExportAnswer): string {
  return linesToRead(exports.length === 0 ? ['nothing is exported now'] : exports.map(path => `exported: ${path}`));
}

/** What a jail is told of the operation that ends it. */
export function textOfFarewell(first: OperationEvent): string {
  const what = first.event === 'operation' ? `${first.board}: ${first.kind} begins` : '';
  return linesToRead([what, 'This jail goes away now, and your connection with it.']);
}

function linesToRead(texts: readonly string[], exitCode = 0): string {
  return `${[...texts, `exit ${exitCode}`].join('\n')}\n`;
}
