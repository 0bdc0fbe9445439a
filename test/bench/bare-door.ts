import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../src/system/run.ts';
import type { VirtualHost } from '../../src/vhost/virtual-host.ts';

/**
 * A second sshd on the lab host, of the same configuration, whose forced command is a bare /bin/true run by /bin/sh: what the
 * same connection costs without labcli. Adds the host `bare` to a copy of the ssh_config, and gives its path.
 */
export async function openBareDoor(host: VirtualHost): Promise<string> {
  const config = readFileSync(host.outside('/etc/labcli/sshd_config'), 'utf8')
    .replace(/^AllowUsers .*$/m, 'AllowUsers bare')
    .replace(/^PidFile .*$/m, 'PidFile /run/bare-sshd.pid')
    .replace(/^Port .*$/m, 'Port 2222')
    .replace(/^ListenAddress .*$/m, '');
  writeFileSync(host.outside('/run/bare-sshd_config'), `ForceCommand /bin/true\nPort 2222\n${config}`);
  await enter('useradd', '--system', '--home-dir', '/', '--shell', '/bin/sh', '--password', '*', 'bare');
  await enter('/usr/sbin/sshd', '-f', '/run/bare-sshd_config');
  const known = readFileSync(host.sshConfig, 'utf8');
  const labhost = known.split(/^(?=Host )/m).find(part => part.startsWith('Host labhost\n')) ?? '';
  const door = labhost.replace('Host labhost', 'Host bare').replace('User lab', 'User bare\n  Port 2222');
  const path = join(host.directory, 'bare_ssh_config');
  writeFileSync(path, `${door}${known}`);
  return path;

  async function enter(...command: readonly string[]): Promise<void> {
    const [program, ...args] = host.enter(...command);
    await run(program, args);
  }
}
