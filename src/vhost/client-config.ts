import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Board } from '../lab/board.ts';
import { run } from '../system/run.ts';

/** Key pairs for the users of a virtual lab: `keys/<user>` and `keys/<user>.pub` in `directory`. */
export async function makeKeys(directory: string, users: readonly string[]): Promise<void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const user of users) {
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', user, '-f', join(directory, user)]);
  }
}

/**
 * An ssh_config(5) for the virtual lab: `labhost` (as the first user), `labhost-<user>` for each user, every jail by its board's
 * handle as the lab itself describes it to the first user (`labcli ssh-config`), and every jail by its address. There is no route from
 * the machine into the lab's namespace, so connections to an address enter it first.
 */
export async function writeClientConfig(options: {
  readonly directory: string;
  readonly hostPid: number;
  readonly users: readonly string[];
  readonly jails: readonly Pick<Board, 'handle' | 'network'>[];
}): Promise<string> {
  const { directory, hostPid, users, jails } = options;
  const path = join(directory, 'ssh_config');
  const jailsConfig = join(directory, 'jails_ssh_config');
  const addresses = jails.map(({ network }) => network.jailAddress).join(' ');
  const hostKey = readFileSync(join(directory, 'state/ssh/ssh_host_ed25519_key.pub'), 'utf8');
  writeFileSync(join(directory, 'known_hosts'), `labhost ${hostKey}`);
  const proxy = `ProxyCommand nsenter --target ${hostPid} --net socat STDIO TCP:%h:%p`;
  const door = (name: string, user: string) => [
    `Host ${name}`,
    '  HostName 198.51.100.2',
    '  HostKeyAlias labhost',
    '  User lab',
    `  IdentityFile ${join(directory, 'keys', user)}`,
    `  UserKnownHostsFile ${join(directory, 'known_hosts')}`,
    '  StrictHostKeyChecking yes',
    `  ${proxy}`,
  ];
  const lines = [
    `Include ${jailsConfig}`,
    ...(users[0] ? door('labhost', users[0]) : []),
    ...users.flatMap(user => door(`labhost-${user}`, user)),
    `Host ${addresses}`,
    `  ${proxy}`,
    `Host ${jails.map(({ handle }) => handle).join(' ')} ${addresses}`,
    ...users.map(user => `  IdentityFile ${join(directory, 'keys', user)}`),
    'Host *',
    '  IdentitiesOnly yes',
    '  IdentityAgent none',
    '  LogLevel ERROR',
  ];
  writeFileSync(path, `${lines.join('\n')}\n`);
  const viaLabhost = `ssh -F ${path} labhost`;
  const described = await run('ssh', ['-F', path, 'labhost', `labcli ssh-config --via '${viaLabhost}'`]);
  writeFileSync(jailsConfig, described);
  return path;
}
