import { LabError } from '../lab/error.ts';
import { describeClaim, followOperation } from './operation.ts';
import type { AddVerb } from './verb.ts';

export const addClaim: AddVerb = (program, context) => {
  const { output, nowMs } = context;
  program
    .command('claim')
    .description('a free board of the class, and a fresh jail for it')
    .argument('<class>', 'see `labcli classes`')
    .option('--power', 'power the board on as the last step')
    .option('--json', 'print JSON, and no progress')
    .action(async (boardClass: string, options: { power?: true; json?: true }) => {
      const body = { class: boardClass, ...(options.power ? { power: true } : {}) };
      const { claim } = await followOperation(context, { kind: 'claim', body }, options.json === true);
      if (!claim) throw new LabError('bug', 'labd ended the claim without telling which');
      if (options.json) return output.printJson(claim);
      output.print(`${claim.board} is yours`, ...describeClaim(claim, nowMs()));
    });
};
