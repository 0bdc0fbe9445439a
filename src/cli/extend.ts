import { formatExpiry } from './expiry.ts';
import { readLength } from './length.ts';
import type { AddVerb } from './verb.ts';

export const addExtend: AddVerb = (program, { client, output, nowMs }) => {
  program
    .command('extend')
    .description('a longer lease: it lasts that long from now on, and is never shortened')
    .argument('[board]', 'your only board if left out')
    .requiredOption('--for <time>', 'how long from now, such as 1h', readLength)
    .option('--json', 'print JSON')
    .action(async (board: string | undefined, options: { for: number; json?: true }) => {
      const request = { leaseMs: options.for, ...(board === undefined ? {} : { board }) };
      const { claim } = await client.call('POST /v1/extend', request);
      if (options.json) return output.printJson(claim);
      output.print(`${claim.board} is yours until ${formatExpiry(claim.expiresAtMs, nowMs())}`);
    });
};
