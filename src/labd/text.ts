import type { BaseEvent } from '../api/jail-messages.ts';
import type {
  BoardAnswer,
  BoardList,
  BoardSummary,
  ClaimAnswer,
  ClassList,
  ExportAnswer,
  OperationEvent,
  PowerAnswer,
  QueueList,
  ReloadAnswer,
} from '../api/messages.ts';
import { describeBar } from '../lab/bar.ts';
import { type ErrorMessage, exitCodeOf } from '../lab/error.ts';
import { formatMoment } from '../lab/format-moment.ts';
import { describeWant } from '../lab/want.ts';

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

export function textOfBoard({ board }: BoardAnswer): string {
  return linesToRead(linesOfBoard(board));
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

export function textOfQueue({ requests }: QueueList): string {
  return linesToRead(
    requests.map(
      ({ id, position, user, wants }) =>
        `${position}. ${user}: ${wants.map(describeWant).join(' and ')} (request ${id})`,
    ),
  );
}

export function textOfReload({ added, removed, kept }: ReloadAnswer): string {
  const line = (what: string, handles: readonly string[]) =>
    handles.length > 0 ? [`${what}: ${handles.join(', ')}`] : [];
  return linesToRead([
    'lab.yaml is loaded',
    ...line('new', added),
    ...line('gone', removed),
    ...line('kept until released', kept),
  ]);
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

/** An event's lines; an event that a reader need not see has none. */
export function textOfEvent(event: OperationEvent): string {
  switch (event.event) {
    case 'request':
      return '';
    case 'waiting':
      return `waiting: place ${event.position}\n`;
    case 'operation':
      return `${event.board}: ${event.kind}\n`;
    case 'step':
      return event.state === 'done' ? `${event.step} (${event.elapsedMs} ms)\n` : '';
    case 'done':
      return linesToRead(['done']);
    case 'ended':
      return `${event.board}: the claim has ended\n`;
    case 'error':
      return textOfError(event.error, exitCodeOf(event.error.code));
  }
}

export function textOfBase(event: BaseEvent): string {
  switch (event.event) {
    case 'line':
      return `${event.line}\n`;
    case 'done':
      return linesToRead([`new jails are built on ${event.base}`]);
    case 'error':
      return textOfError(event.error, exitCodeOf(event.error.code));
  }
}

export function linesToRead(texts: readonly string[], exitCode = 0): string {
  return `${[...texts, `exit ${exitCode}`].join('\n')}\n`;
}
