import type { BoardSummary } from '../api/messages.ts';
import { formatExpiry } from './expiry.ts';
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
      output.print(...formatTable([heading, ...list.boards.map(board => rowOf(board, nowMs()))]));
      for (const { handle, reason } of list.boards) if (reason) output.print(`${handle}: ${reason}`);
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
    board.expiresAtMs === undefined ? '-' : formatExpiry(board.expiresAtMs, nowMs),
  ];
}
