import type { BoardList, ClassList, OperationEvent, PowerAnswer } from '../api/messages.ts';
import { type ErrorMessage, exitCodeOf } from '../lab/error.ts';
import { formatMoment } from '../lab/format-moment.ts';

/**
 * Answers for callers who have no JSON at hand, such as the shell script in a jail: lines to read, and `exit N` as the last one,
 * since the status of a stream is sent before its end is known.
 */
export function textOfError({ message, hint, reference }: ErrorMessage, exitCode: number): string {
  const more = hint ?? (reference ? `the log has the details under ${reference}` : undefined);
  return lines([`labcli: ${message}`, ...(more ? [`  ${more}`] : [])], exitCode);
}

export function textOfClasses({ classes }: ClassList): string {
  return lines(
    classes.map(({ name, available, boards, description }) => `${name} ${available}/${boards} ${description}`),
  );
}

export function textOfBoards({ boards }: BoardList): string {
  return lines(
    boards.map(({ handle, state, user, power, expiresAtMs, jailAddress, vlan, operation }) =>
      [
        handle,
        operation ?? state,
        ...(user === undefined ? [] : [user]),
        `power ${power}`,
        `jail ${jailAddress}`,
        `vlan ${vlan}`,
        ...(expiresAtMs === undefined ? [] : [`until ${formatMoment(expiresAtMs)}`]),
      ].join('  '),
    ),
  );
}

export function textOfPower({ board, power }: PowerAnswer): string {
  return lines([`${board} ${power}`]);
}

/** What a jail is told of the operation that ends it. */
export function textOfFarewell(first: OperationEvent): string {
  const what = first.event === 'operation' ? `${first.board}: ${first.kind} begins` : '';
  return lines([what, 'This jail goes away now, and your connection with it.']);
}

/** An event's lines; an event that a reader need not see has none. */
export function textOfEvent(event: OperationEvent): string {
  switch (event.event) {
    case 'operation':
      return `${event.board}: ${event.kind}\n`;
    case 'step':
      return event.state === 'done' ? `${event.step} (${event.elapsedMs} ms)\n` : '';
    case 'done':
      return lines(['done']);
    case 'error':
      return textOfError(event.error, exitCodeOf(event.error.code));
  }
}

function lines(texts: readonly string[], exitCode = 0): string {
  return `${[...texts, `exit ${exitCode}`].join('\n')}\n`;
}
