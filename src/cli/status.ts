import type { BoardSummary } from '../api/messages.ts';
import { formatExpiry, formatLocalTime } from './expiry.ts';
import { formatTable } from './table.ts';
import type { AddVerb } from './verb.ts';

export const addStatus: AddVerb = (program, { client, output, nowMs }) => {
  program
    .command('status')
    .description('every board: who has it, until when, is it powered')
    .option('--mine', 'only your boards')
    .option('--json', 'print JSON')
    .action(async (options: { mine?: true; json?: true }) => {
      const list = await client.listBoards({ isMine: options.mine === true });
      if (options.json) return output.printJson(list);
      const heading = ['BOARD', 'CLASS', 'STATE', 'USER', 'POWER', 'JAIL', 'EXPIRES'];
      const notes = list.boards.flatMap(notesOn);
      output.print(...formatTable([heading, ...list.boards.map(board => rowOf(board, nowMs()))]), ...notes);
    });
};

function rowOf(board: BoardSummary, nowMs: number): string[] {
  return [
    board.handle,
    board.class,
    board.operation ? `${board.state} (${board.operation})` : board.state,
    board.user ?? '-',
    board.power,
    board.jailAddress,
    board.expiresAtMs === undefined ? '-' : formatExpiry(board.awayUntilMs ?? board.expiresAtMs, nowMs),
  ];
}

/** What does not fit into a row. */
function notesOn({ handle, bars, sharedWith, awayUntilMs, labels, endsSoon }: BoardSummary): string[] {
  return [
    ...(endsSoon ? [`${handle}: the lease ends soon, \`labcli extend --for\` gives more time`] : []),
    ...bars.map(({ kind, reason, startsAtMs }) => {
      const from = startsAtMs === undefined ? '' : ` from ${formatLocalTime(startsAtMs)}`;
      return `${handle}: ${kind}${from}: ${reason}`;
    }),
    ...(sharedWith ? [`${handle}: shared with ${sharedWith.join(', ')}`] : []),
    ...(awayUntilMs === undefined ? [] : [`${handle}: its connection is lost, \`labcli hold\` takes it up again`]),
    ...(labels.length > 0 ? [`${handle}: ${labels.join(' ')}`] : []),
  ];
}
