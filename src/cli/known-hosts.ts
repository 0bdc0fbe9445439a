import type { KnownHosts } from '../api/messages.ts';
import type { AddVerb } from './verb.ts';

export const addKnownHosts: AddVerb = (program, { client, output }) => {
  program
    .command('known-hosts')
    .description('the line for ~/.ssh/known_hosts that vouches for every jail')
    .option('--json', 'print JSON')
    .action(async (options: { json?: true }) => {
      const knownHosts = await client.call('GET /v1/known-hosts', {});
      if (options.json) return output.printJson(knownHosts);
      output.print(formatAuthorityLine(knownHosts));
    });
};

/** sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. */
export function formatAuthorityLine({ handles, addressPatterns, authority }: KnownHosts): string {
  return `@cert-authority ${[...handles, ...addressPatterns].join(',')} ${authority}`;
}
