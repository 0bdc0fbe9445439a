import type { ClaimedBoard } from '../api/messages.ts';
import type { AddVerb } from './verb.ts';

const verbs = [
  {
    name: 'share',
    description: 'lets a colleague use your jail, console and power',
    tell: ({ board, sharedWith }: ClaimedBoard) => `${board} is shared with ${sharedWith.join(', ')}`,
  },
  {
    name: 'unshare',
    description: 'ends that, at once',
    tell: ({ board, sharedWith }: ClaimedBoard) =>
      `${board} is shared with ${sharedWith.length > 0 ? sharedWith.join(', ') : 'nobody'}`,
  },
  {
    name: 'transfer',
    description: 'gives your claim to somebody else, as it is',
    tell: ({ board, user }: ClaimedBoard) => `${board} is ${user}'s now`,
  },
] as const;

export const addShare: AddVerb = (program, { client, output }) => {
  for (const { name, description, tell } of verbs) {
    program
      .command(name)
      .description(description)
      .argument('<user>', 'a user of the lab')
      .argument('[board]', 'your only board if left out')
      .option('--json', 'print JSON')
      .action(async (user: string, board: string | undefined, options: { json?: true }) => {
        const request = { user, ...(board === undefined ? {} : { board }) };
        const { claim } = await client.call(`POST /v1/${name}`, request);
        if (options.json) return output.printJson(claim);
        output.print(tell(claim));
      });
  }
};
