import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../system/run.ts';

/** Key pairs for the users of a virtual lab: `keys/<user>` and `keys/<user>.pub` in `directory`. */
export async function makeKeys(directory: string, users: readonly string[]): Promise<void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const user of users) {
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', user, '-f', join(directory, user)]);
  }
}

/**
 * An ssh_config(5) for the virtual lab: `labhost` (as the first user), `labhost-<user>` for each user, and every jail by
 * its board's handle. There is no route from the machine into the lab's namespace, so connections enter it first.
 */
export function writeClientConfig(options: {
  readonly directory: string;
  readonly hostPid: number;
  readonly users: readonly string[];
  readonly jails: ReadonlyMap<string, string>;
}): string {
  const { directory, hostPid, users, jails } = options;
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
  const jail = ([handle, address]: readonly [string, string]) => [
    `Host ${handle}`,
    `  HostName ${address}`,
    '  User root',
    ...users.map(user => `  IdentityFile ${join(directory, 'keys', user)}`),
    // Each claim's jail has a fresh host key.
    '  UserKnownHostsFile /dev/null',
    '  StrictHostKeyChecking no',
    `  ${proxy}`,
  ];
  const lines = [
    ...(users[0] ? door('labhost', users[0]) : []),
    ...users.flatMap(user => door(`labhost-${user}`, user)),
    ...[...jails].flatMap(jail),
    'Host *',
    '  IdentitiesOnly yes',
    '  IdentityAgent none',
    '  LogLevel ERROR',
  ];
  const path = join(directory, 'ssh_config');
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}
