import { InvalidArgumentError } from 'commander';
import type { QueuedRequest } from '../api/messages.ts';
import { formatMoment } from '../lab/format-moment.ts';
import { describeWant } from '../lab/want.ts';
import { formatTable } from './table.ts';
import type { AddVerb } from './verb.ts';

export const addQueue: AddVerb = (program, { client, output }) => {
  program
    .command('queue')
    .description('who waits for boards, in the order in which they are served')
    .option('--json', 'print JSON')
    .action(async (options: { json?: true }) => {
      const { requests } = await client.call('GET /v1/requests', {});
      if (options.json) return output.printJson({ requests });
      if (requests.length === 0) return output.print('nobody waits');
      output.print(
        ...formatTable([['PLACE', 'REQUEST', 'USER', 'PRIORITY', 'SINCE', 'WANTS'], ...requests.map(rowOf)]),
      );
    });
};

export const addCancel: AddVerb = (program, { client, output }) => {
  program
    .command('cancel')
    .description('leaves the queue')
    .argument('[request]', 'its number; all of yours if left out', readNumber)
    .option('--json', 'print JSON')
    .action(async (request: number | undefined, options: { json?: true }) => {
      const ended = await client.call('POST /v1/cancel', request === undefined ? {} : { request });
      if (options.json) return output.printJson(ended);
      for (const { id, wants } of ended.requests) {
        output.print(`request ${id} for ${wants.map(describeWant).join(' and ')} is cancelled`);
      }
    });
};

function rowOf({ position, id, user, priority, sinceMs, wants }: QueuedRequest): string[] {
  const what = wants.map(describeWant).join(' and ');
  return [String(position), String(id), user, String(priority), formatMoment(sinceMs), what];
}

function readNumber(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A request has a number: see `labcli queue`.');
}
