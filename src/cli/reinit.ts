import { describeClaim, followOperation } from './operation.ts';
import type { AddVerb } from './verb.ts';

export const addReinit: AddVerb = (program, context) => {
  const { output, nowMs } = context;
  program
    .command('reinit')
    .description('the clean jail of a first claim; the claim stays')
    .argument('[board]', 'your only board if left out')
    .option('--wait', 'wait for the end of what runs on the board')
    .option('--json', 'print JSON, and no progress')
    .action(async (handle: string | undefined, options: { wait?: true; json?: true }) => {
      const body = { ...(handle === undefined ? {} : { board: handle }), ...(options.wait ? { wait: true } : {}) };
      const { board, claims } = await followOperation(context, { kind: 'reinit', body }, options.json === true);
      const [claim] = claims;
      if (options.json) return output.printJson(claim ?? { board });
      output.print(`${board} has a clean jail`, ...(claim ? describeClaim(claim, nowMs()) : []));
    });
};
