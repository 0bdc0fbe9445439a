import type { KnownHosts } from '../api/messages.ts';
import { LabError } from '../lab/error.ts';
import { formatAuthorityLine } from './known-hosts.ts';
import type { AddVerb } from './verb.ts';

export const addSshConfig: AddVerb = (program, { client, output }) => {
  program
    .command('ssh-config')
    .description('the jails, for ~/.ssh/config: proxy, user and host keys')
    .option('--via <command>', 'how you reach the lab host; `ssh labhost` if left out', 'ssh labhost')
    .option('--json', 'print JSON')
    .action(async ({ via, json }: { via: string; json?: true }) => {
      // It becomes part of a line: a second line would be a setting of its own.
      if (/\p{Cc}/u.test(via)) throw new LabError('usage', '--via is one line');
      const lines = describeJails(await client.call('GET /v1/known-hosts', {}), via);
      if (json) return output.printJson({ sshConfig: `${lines.join('\n')}\n` });
      output.print(...lines);
    });
};

/** ssh_config(5). The known hosts are told by echo, so that neither a file nor a second connection is needed. */
function describeJails(knownHosts: KnownHosts, via: string): string[] {
  const handles = knownHosts.handles.join(' ');
  return [
    '# The jails of this lab. The lab host vouches for their host keys: there is none to accept, and none to clear.',
    `Host ${[...knownHosts.handles, ...knownHosts.addressPatterns].join(' ')}`,
    '  User root',
    `  KnownHostsCommand /bin/echo ${formatAuthorityLine(knownHosts)}`,
    '  UserKnownHostsFile /dev/null',
    '  StrictHostKeyChecking yes',
    '# By way of the lab host: needs no route to the jails. By address, ssh goes there directly.',
    `Host ${handles}`,
    `  ProxyCommand ${via} labcli proxy %n`,
  ];
}
