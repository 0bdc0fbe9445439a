import { describeClaim, describeHold, followOperation } from './operation.ts';
import type { AddVerb } from './verb.ts';

export const addHold: AddVerb = (program, context) => {
  const { output, nowMs, watchConnection } = context;
  program
    .command('hold')
    .description('takes up again a claim whose connection was lost (claim --hold)')
    .argument('[board]', 'your only board if left out')
    .option('--json', 'print JSON')
    .action(async (board: string | undefined, options: { json?: true }) => {
      watchConnection();
      const body = board === undefined ? {} : { board };
      await followOperation(context, { kind: 'hold', body }, options.json === true, ({ claims }) => {
        for (const claim of claims) {
          if (options.json) output.printJson(claim);
          else {
            output.print(`${claim.board} is yours still`, ...describeClaim(claim, nowMs()));
            output.tell(describeHold(claim));
          }
        }
      });
    });
};
