import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addKeyToAgent } from '../../src/jaild/host-key-agent.ts';
import { keepSshKey } from '../../src/jaild/ssh-key.ts';
import { run } from '../../src/system/run.ts';
import { editLab } from '../e2e/many-boards.ts';
import { type JaildHost, type Outcome, startJaildHost } from './jaild-host.ts';

/** Host keys of jails, as real OpenSSH clients and a real thief meet them. */
const labYaml = readFileSync(join(import.meta.dirname, '../../lab.yaml'), 'utf8');
const board = 'rockpro64-1';
const address = '10.77.0.101';
const hourMs = 3_600_000;
const expiresAtMs = Math.ceil(Date.now() / 1000) * 1000 + 4 * hourMs;
const claim = { epoch: 1, user: 'alice', expiresAtMs };

let host: JaildHost;
let scratch: string;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'labcli-host-key-'));
  host = await startJaildHost(labYaml);
  await host.startJaild();
  expect((await host.build(board, claim)).events.at(-1)).toEqual({ event: 'done' });
});
afterAll(async () => {
  await host?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const inJail = (command: string) => host.ssh('alice', address, command);

/** ssh with a known_hosts of its own, by way of a command that leads to an sshd. */
function knock(name: string, knownHosts: string, proxy: string): Promise<Outcome> {
  const file = join(scratch, 'known_hosts');
  writeFileSync(file, `${knownHosts}\n`);
  const options = [
    ...[`UserKnownHostsFile=${file}`, 'GlobalKnownHostsFile=/dev/null', 'StrictHostKeyChecking=yes', 'BatchMode=yes'],
    ...['IdentitiesOnly=yes', 'IdentityAgent=none', 'LogLevel=INFO', `ProxyCommand=${proxy}`],
  ].flatMap(option => ['-o', option]);
  const args = ['-F', 'none', '-i', join(host.directory, 'keys/alice'), ...options, `root@${name}`, 'hostname'];
  return new Promise(resolve => {
    execFile('ssh', args, { timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    ).stdin?.end();
  });
}

const toJail = async () => {
  const [program, ...args] = host.enter('socat', 'STDIO', `TCP:${address}:22`);
  return [program, ...args].join(' ');
};
const authorityLine = async (patterns: string) => `@cert-authority ${patterns} ${await host.readAuthority()}`;

async function readCertificate(): Promise<string> {
  const file = join(scratch, 'certificate.pub');
  writeFileSync(file, (await inJail('cat /run/host-key/ssh_host_ed25519_key-cert.pub')).stdout);
  return run('ssh-keygen', ['-L', '-f', file], { env: { ...process.env, TZ: 'UTC' } });
}
const moment = (ms: number) => new Date(ms).toISOString().slice(0, 19);

test("the host key is certified for the jail's names and for the claim's lifetime, by the lab host's authority", async () => {
  const certificate = await readCertificate();
  expect(certificate).toContain('Type: ssh-ed25519-cert-v01@openssh.com host certificate');
  expect(certificate.replace(/\s+/g, ' ')).toContain(`Principals: ${board} ${address} Critical Options: (none)`);
  const [, from = '', to = ''] = /Valid: from (\S+) to (\S+)/.exec(certificate) ?? [];
  expect(to).toBe(moment(expiresAtMs));
  const earlierMs = Date.now() - Date.parse(`${from}Z`);
  expect(earlierMs).toBeGreaterThan(0);
  expect(earlierMs).toBeLessThan(hourMs);
  writeFileSync(join(scratch, 'authority.pub'), `${await host.readAuthority()}\n`);
  const [, fingerprint = ''] = (await run('ssh-keygen', ['-l', '-f', join(scratch, 'authority.pub')])).split(' ');
  expect(certificate).toContain(`Signing CA: ED25519 ${fingerprint} (using ssh-ed25519)`);
});

test('one @cert-authority line is all that a client knows; without it, and with another, it refuses', async () => {
  const line = await authorityLine(`${board},10.77.*`);
  for (const name of [board, address]) {
    expect(await knock(name, line, await toJail())).toMatchObject({ code: 0, stdout: `${board}\n` });
  }
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(scratch, 'other')]);
  const other = `@cert-authority * ${readFileSync(join(scratch, 'other.pub'), 'utf8').trim()}`;
  for (const known of ['', other]) {
    expect(await knock(board, known, await toJail())).toMatchObject({
      code: 255,
      stderr: expect.stringContaining('Host key verification failed'),
    });
  }
  // The same certificate is of no use under another name.
  expect((await knock('rockpro64-2', await authorityLine('*'), await toJail())).code).toBe(255);
});

test("a stale key of an earlier jail in known_hosts is in nobody's way", async () => {
  const stale = `${board} ${readFileSync(join(scratch, 'other.pub'), 'utf8').trim()}`;
  expect((await knock(board, `${stale}\n${await authorityLine(board)}`, await toJail())).code).toBe(0);
});

test('an extended claim has a certificate for its new lifetime, and sessions go on', async () => {
  const session = inJail('sleep 1; echo still here');
  const later = expiresAtMs + 4 * hourMs;
  expect((await host.renew(board, { user: 'alice', epoch: 1, expiresAtMs: later })).status).toBe(200);
  expect(await readCertificate()).toContain(`to ${moment(later)}`);
  expect((await session).stdout).toBe('still here\n');
});

test('a certificate whose claim has run out is refused', async () => {
  await host.renew(board, { user: 'alice', epoch: 1, expiresAtMs: Date.now() - 1000 });
  expect(await knock(board, await authorityLine(board), await toJail())).toMatchObject({
    code: 255,
    stderr: expect.stringMatching(/expired|Host key verification failed/),
  });
  await host.renew(board, { user: 'alice', epoch: 1, expiresAtMs });
  expect((await knock(board, await authorityLine(board), await toJail())).code).toBe(0);
});

test('a certificate is made for the claim that there is, and no other', async () => {
  expect((await host.renew(board, { user: 'alice', epoch: 2, expiresAtMs })).status).toBe(404);
  expect((await host.renew('rockpro64-2', { user: 'alice', epoch: 1, expiresAtMs })).status).toBe(404);
  expect((await host.renew(board, { user: 'alice', epoch: 1, expiresAtMs: -1 })).status).toBe(400);
});

test('a colleague logs in as soon as the claim is shared, and no more when it is not; a key of the claim opens it too', async () => {
  const request = { user: 'alice', epoch: 1, expiresAtMs };
  const asBob = () => host.ssh('bob', '10.77.0.101', 'echo in');
  expect((await asBob()).code).toBe(255);
  await host.renew(board, { ...request, sharedWith: ['bob'] });
  expect(await asBob()).toMatchObject({ code: 0, stdout: 'in\n' });
  await host.renew(board, request);
  expect((await asBob()).code).toBe(255);
  const bobsKey = readFileSync(join(host.directory, 'keys/bob.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  await host.renew(board, { ...request, keys: [bobsKey] });
  expect(await asBob()).toMatchObject({ code: 0 });
  const options = 'command="/bin/sh" ';
  expect((await host.renew(board, { ...request, keys: [`${options}${bobsKey}`] })).status).toBe(400);
  await host.renew(board, request);
  expect((await host.ssh('alice', '10.77.0.101', 'cat /etc/motd')).stdout).toContain('alice');
});

test('a key that lab.yaml has no more opens no jail any more, and a new one does: at a reload, and at a start of jaild', async () => {
  const request = { user: 'alice', epoch: 1, expiresAtMs };
  await host.renew(board, { ...request, sharedWith: ['bob'] });
  const opens = async () => {
    const answers = ['alice', 'bob'].map(async user => (await host.ssh(user, address, 'true')).code === 0);
    return Promise.all(answers);
  };
  expect(await opens()).toEqual([true, true]);
  const withoutBob = editLab(labYaml, [[['users'], [{ name: 'alice', role: 'admin', keys: ['./keys/alice.pub'] }]]]);
  expect((await host.reload(withoutBob)).status).toBe(200);
  expect(await opens()).toEqual([true, false]);
  expect((await host.reload(labYaml)).status).toBe(200);
  expect(await opens()).toEqual([true, true]);

  await host.killJaild();
  const withoutAlice = editLab(labYaml, [[['users'], [{ name: 'bob', keys: ['./keys/bob.pub'] }]]]);
  writeFileSync(join(host.configDirectory, 'lab.yaml'), withoutAlice);
  await host.startJaild();
  expect(await opens()).toEqual([false, true]);
  // The claim goes on to be followed, in whoever's name it was.
  expect((await host.renew(board, request)).status).toBe(200);
  expect(await opens()).toEqual([false, false]);
  expect((await host.reload(labYaml)).status).toBe(200);
  expect(await opens()).toEqual([true, false]);
}, 30_000);

describe("the jail's root", () => {
  test("finds neither the authority's key nor the private half of the host key", async () => {
    await inJail(
      'ssh-keygen -q -t ed25519 -N "" -f /root/control; openssl genpkey -algorithm ed25519 -out /root/control.pem',
    );
    const { stdout } = await inJail(
      'grep -rIlE --exclude-dir=proc --exclude-dir=sys --exclude-dir=dev "^-----BEGIN( OPENSSH)? PRIVATE KEY" / 2>/dev/null',
    );
    const found = stdout.trim().split('\n').sort();
    // What is found are the two that were put there to see that the search works.
    expect(found.filter(path => !path.startsWith('/root/control'))).toEqual([]);
    expect(found).toContain('/root/control');
  });

  test('has its host key sign, and cannot get it out or put another one in its place', async () => {
    const agent = 'export SSH_AUTH_SOCK=/run/host-key/agent/socket; cd /tmp;';
    const key = '/run/host-key/ssh_host_ed25519_key.pub';
    expect((await inJail(`${agent} echo x >x; ssh-keygen -q -Y sign -n file -f ${key} x; cat x.sig`)).stdout).toContain(
      'BEGIN SSH SIGNATURE',
    );
    expect((await inJail('ps -eo comm 2>/dev/null || cat /proc/[0-9]*/comm')).stdout).not.toContain('ssh-agent');
    for (const command of [
      'touch /run/host-key/x',
      'rm /run/host-key/agent/socket',
      'mv /run/host-key/agent/socket /tmp',
      'mount -o remount,rw /run/host-key',
      `${agent} ssh-add -s /usr/lib/x86_64-linux-gnu/libc.so.6 </dev/null`,
    ]) {
      expect([command, (await inJail(command)).code]).not.toEqual([command, 0]);
    }
    expect((await inJail('hostname')).stdout).toBe(`${board}\n`);
  });

  test('who breaks the agent has it made anew by the next build, and keeps the jail', async () => {
    await inJail('touch /run/still-the-same');
    await host.inside('sh', '-c', `echo 1 >/sys/fs/cgroup/labcli/${board}.key/cgroup.kill`);
    expect((await inJail('true')).code).toBe(255);
    expect((await host.inspect()).jails[0]).toMatchObject({
      state: 'partial',
      missing: [expect.stringMatching(/^host-key/)],
    });
    expect((await host.build(board, claim)).events.at(-1)).toEqual({ event: 'done' });
    expect((await inJail('ls /run/still-the-same')).code).toBe(0);
  });
});

describe('whoever had a board before', () => {
  let loot: string;
  let stolenKey: string;
  let line: string;
  beforeAll(async () => {
    line = await authorityLine('*');
    loot = (await inJail('cd /run/host-key && cat *.pub')).stdout;
    // What only root of the lab host has, for the control below.
    stolenKey = (await host.inside('cat', `/var/lib/labcli/jaild/jails/${board}/private/host-key.pem`)).stdout;
    expect((await host.remove(board, 1)).events.at(-1)).toEqual({ event: 'done' });
    expect((await host.build(board, { ...claim, epoch: 2, user: 'alice' })).events.at(-1)).toEqual({ event: 'done' });
  });

  /** An sshd of the thief, that a traffic thief would lead the victim to: with what was carried away, and a key or none. */
  async function impersonate(hasKey: boolean): Promise<Outcome> {
    const folder = mkdtempSync(join(scratch, 'thief-'));
    const [certificate = '', publicKey = ''] = loot.trim().split('\n');
    writeFileSync(join(folder, 'key-cert.pub'), `${certificate}\n`);
    writeFileSync(join(folder, 'key.pub'), `${publicKey}\n`);
    writeFileSync(join(folder, 'stolen.pem'), stolenKey);
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'own')]);
    const socket = join(folder, 'agent');
    const agent = execFile('ssh-agent', ['-D', '-a', socket]);
    try {
      await addKeyToAgent(socket, keepSshKey(join(folder, hasKey ? 'stolen.pem' : 'fresh.pem')), 'thief');
      writeFileSync(
        join(folder, 'sshd_config'),
        [
          `HostKey ${folder}/key`,
          `HostKey ${folder}/own`,
          `HostKeyAgent ${socket}`,
          `HostCertificate ${folder}/key-cert.pub`,
          'UsePAM no',
          'StrictModes no',
          `AuthorizedKeysFile ${host.directory}/keys/alice.pub`,
          'PermitRootLogin prohibit-password',
        ].join('\n'),
      );
      mkdirSync(join(folder, 'run'));
      const sshd = `mkdir -p /run/sshd && exec /usr/sbin/sshd -i -f ${folder}/sshd_config`;
      writeFileSync(join(folder, 'sshd.sh'), `mount -t tmpfs none /run && ${sshd}\n`);
      return await knock(board, line, `unshare --mount sh ${folder}/sshd.sh`);
    } finally {
      agent.kill();
    }
  }

  test('cannot pass for the later jail with what was theirs, though its certificate has not run out', async () => {
    // The control: with the private key it would work. It is why the key must not be where it can be taken from.
    expect((await impersonate(true)).code).toBe(0);
    const { code, stderr } = await impersonate(false);
    expect(code).toBe(255);
    expect(stderr).not.toContain('Permission denied');
  });

  test('has left a board whose new jail has a key of its own, that the same line vouches for', async () => {
    const now = (await inJail('cat /run/host-key/ssh_host_ed25519_key.pub')).stdout;
    expect(now).toMatch(/^ssh-ed25519 /);
    expect(loot).not.toContain(now.trim());
    expect((await knock(board, line, await toJail())).code).toBe(0);
  });
});

test('the authority is made once, and its key is for root alone', async () => {
  const before = await host.readAuthority();
  await host.killJaild();
  await host.startJaild();
  expect(await host.readAuthority()).toBe(before);
  const { stdout } = await host.inside('stat', '-c', '%U %a', '/var/lib/labcli/jaild/host-authority.pem');
  expect(stdout).toBe('root 600\n');
  expect((await inJail('hostname')).stdout).toBe(`${board}\n`);
});
