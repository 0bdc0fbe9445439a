import { Argument } from 'commander';
import type { PowerAction } from '../api/messages.ts';
import type { AddVerb } from './verb.ts';

export const addPower: AddVerb = (program, { client, output }) => {
  program
    .command('power')
    .description('the PoE port of the board; answers when the switch says so')
    .addArgument(new Argument('<action>').choices(['on', 'off', 'cycle', 'status']))
    .argument('[board]', 'your only board if left out')
    .option('--json', 'print JSON')
    .action(async (action: PowerAction | 'status', board: string | undefined, options: { json?: true }) => {
      const answer = await (action === 'status'
        ? client.getPower(board)
        : client.setPower({ action, ...(board === undefined ? {} : { board }) }));
      if (options.json) return output.printJson(answer);
      output.print(`${answer.board} ${answer.power}`);
    });
};
