import { followOperation } from './operation.ts';
import type { AddVerb } from './verb.ts';

export const addRelease: AddVerb = (program, context) => {
  const { output } = context;
  program
    .command('release')
    .description('ends the claim and deletes everything in the jail')
    .argument('[board]', 'your only board if left out')
    .option('--wait', 'wait for the end of what runs on the board')
    .option('--json', 'print JSON, and no progress')
    .action(async (handle: string | undefined, options: { wait?: true; json?: true }) => {
      const body = { ...(handle === undefined ? {} : { board: handle }), ...(options.wait ? { wait: true } : {}) };
      const { board } = await followOperation(context, { kind: 'release', body }, options.json === true);
      if (options.json) return output.printJson({ board });
      output.print(`${board} is released`);
    });
};
