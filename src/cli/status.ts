import type { BoardSummary } from '../api/messages.ts';
import { describeBar } from '../lab/bar.ts';
import { unknownName } from '../lab/unknown-name.ts';
import { formatExpiry } from './expiry.ts';
import { formatTable } from './table.ts';
import type { AddVerb } from './verb.ts';

export const addStatus: AddVerb = (program, { client, output, nowMs }) => {
  program
    .command('status')
    .description('every board: who has it, until when, is it powered')
    .argument('[board]', 'this one alone')
    .option('--mine', 'only your boards, those that are shared with you among them')
    .option('--json', 'print JSON')
    .action(async (handle: string | undefined, options: { mine?: true; json?: true }) => {
      const isMine = options.mine === true;
      const all = (await client.listBoards({ isMine })).boards;
      const boards = handle === undefined ? all : [findBoard(all, handle, isMine)];
      if (options.json) return output.printJson({ boards });
      if (boards.length === 0) return output.print(isMine ? 'you have no board' : 'the lab has no boards');
      const heading = ['BOARD', 'CLASS', 'STATE', 'USER', 'POWER', 'EXPIRES'];
      output.print(
        ...formatTable([heading, ...boards.map(board => rowOf(board, nowMs()))]),
        ...(isMine
          ? boards.map(({ handle, jailAddress }) => `${handle}: ssh root@${handle}, jail ${jailAddress}`)
          : []),
        ...boards.flatMap(notesOn),
        ...describeLabels(boards),
      );
    });
};

function findBoard(boards: readonly BoardSummary[], handle: string, isMine: boolean): BoardSummary {
  const found = boards.find(board => board.handle === handle);
  if (found) return found;
  const names = boards.map(board => board.handle);
  const message = isMine ? `you have no board ${handle}` : `there is no board ${handle}`;
  throw unknownName(message, handle, { names, what: 'boards', listedBy: 'status' });
}

function rowOf(board: BoardSummary, nowMs: number): string[] {
  return [
    board.handle,
    board.class,
    board.operation ? `${board.state} (${board.operation})` : board.state,
    board.user ?? '-',
    board.power,
    board.expiresAtMs === undefined ? '-' : formatExpiry(board.awayUntilMs ?? board.expiresAtMs, nowMs),
  ];
}

/** What does not fit into a row. */
function notesOn({ handle, bars, sharedWith, awayUntilMs, endsSoon }: BoardSummary): string[] {
  return [
    ...(endsSoon ? [`${handle}: the lease ends soon, \`labcli extend --for\` gives more time`] : []),
    ...bars.map(bar => `${handle}: ${describeBar(bar)}`),
    ...(sharedWith ? [`${handle}: shared with ${sharedWith.join(', ')}`] : []),
    ...(awayUntilMs === undefined ? [] : [`${handle}: its connection is lost, \`labcli hold\` takes it up again`]),
  ];
}

/** Boards that are alike are on a line together: in a lab of many, most are. */
function describeLabels(boards: readonly BoardSummary[]): string[] {
  const alike = Map.groupBy(
    boards.filter(({ labels }) => labels.length > 0),
    ({ labels }) => labels.join(' '),
  );
  return [...alike].map(([labels, group]) => `${group.map(({ handle }) => handle).join(', ')}: labels ${labels}`);
}
