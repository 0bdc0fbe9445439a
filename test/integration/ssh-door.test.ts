import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { converse } from '../../src/vhost/conversation.ts';
import { type DoorHost, startDoorHost } from './door-host.ts';

let host: DoorHost;

beforeAll(async () => {
  host = await startDoorHost(['alice', 'bob']);
});
afterAll(() => host.stop());
beforeEach(() => {
  host.forget();
  host.answer((_call, response) => response.end('{"boards":[]}'));
});

test('a key that lab.yaml does not know is refused', async () => {
  const { code, stderr } = await host.ssh('mallory', 'labcli', 'status');
  expect(code).toBe(255);
  expect(stderr).toContain('Permission denied');
  expect(host.calls()).toEqual([]);
});

test('another account than lab is refused, even with a known key', async () => {
  expect((await host.ssh('-l', 'root', 'alice', 'labcli', 'status')).code).toBe(255);
  expect(host.calls()).toEqual([]);
});

test.each(['alice', 'bob'])('the key of %s is that user, whatever is typed', async user => {
  const { code } = await host.ssh(user, 'labcli', 'status', '--json');
  expect(code).toBe(0);
  const other = user === 'alice' ? 'bob' : 'alice';
  await host.ssh(user, 'labcli', '--user', other, 'status');
  await host.ssh('-o', `SetEnv=LABCLI_USER=${other}`, user, 'status');
  expect(new Set(host.calls().map(call => call.user))).toEqual(new Set([user]));
});

test.each([
  ['a shell', "sh -c 'touch /tmp/door-canary'", /no command sh/],
  ['a shell by path', '/bin/sh', /no command/],
  ['a substitution', 'labcli claim $(touch /tmp/door-canary)', /\$ has no meaning/],
  ['a substitution in quotes', 'labcli claim "$(touch /tmp/door-canary)"', /\$ has no meaning/],
  ['backticks', 'labcli claim `touch /tmp/door-canary`', /` has no meaning/],
  ['a second command', 'labcli status; touch /tmp/door-canary', /; has no meaning/],
  ['a pipe', 'labcli status | sh', /\| has no meaning/],
  ['a redirection', 'labcli status > /tmp/door-canary', /> has no meaning/],
  ['a line break', 'labcli status\ntouch /tmp/door-canary', /line break/],
  ['an open quote', "labcli claim 'x", /quote is not closed/],
  ['an escape sequence', 'labcli claim \x1b]0;x\x07', /control character \(0x1b\)/],
  ['an unknown verb', 'labcli calim rockpro64', /did you mean claim\?/],
  ['no class', 'labcli claim', /claim wants a class or --board/],
  ['too many arguments', 'labcli release a b', /too many arguments/],
  ['an unknown option', 'labcli status --min', /unknown option '--min'/],
  ['100 kB of argument', `labcli claim ${'x'.repeat(100_000)}`, /100013 characters/],
])('%s is wrong use: exit 2 and a sentence', async (_what, command, sentence) => {
  const { code, stdout, stderr } = await host.ssh('alice', command);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(sentence);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(host.calls()).toEqual([]);
  expect((await host.run('ls', '/tmp/door-canary')).code).not.toBe(0);
});

test('bytes that are not UTF-8 are wrong use', async () => {
  // A JavaScript string cannot hold such an argument: printf makes it.
  const script = `exec ssh -F ${host.sshConfig} alice "labcli claim $(printf 'rock\\377')"`;
  const { code, stderr } = await host.run('sh', '-c', script);
  expect(code).toBe(2);
  expect(stderr).toContain('not UTF-8');
  expect(host.calls()).toEqual([]);
});

// sshd takes no packet of more than 256 KiB, and the kernel no environment variable of more than 128 KiB.
test('1 MB of argument does not get further than sshd', async () => {
  const words = Array.from({ length: 11 }, () => 'x'.repeat(100_000));
  const { code, stdout } = await host.ssh('alice', 'labcli', 'claim', ...words);
  expect(code).not.toBe(0);
  expect(stdout).toBe('');
  expect(host.calls()).toEqual([]);
  expect((await host.ssh('alice', 'labcli', 'status')).code).toBe(0);
});

test('no command gives the help, on a terminal too', async () => {
  for (const options of [[], ['-tt']]) {
    const { code, stdout } = await host.ssh(...options, 'alice');
    expect(code).toBe(2);
    expect(stdout).toContain('claim [class...]');
  }
});

test.each([
  ['not-found', 3],
  ['denied', 4],
  ['busy', 5],
  ['device', 6],
  ['timeout', 8],
  ['bug', 70],
])('the exit code of %s comes through', async (errorCode, exitCode) => {
  host.answer((_call, response) => {
    response.statusCode = 500;
    response.end(
      JSON.stringify({ error: { code: errorCode, message: 'rockpro64-1 is bob\u001b[31ms', hint: 'wait' } }),
    );
  });
  const plain = await host.ssh('alice', 'labcli', 'power', 'on', 'rockpro64-1');
  expect(plain).toEqual({ code: exitCode, stdout: '', stderr: 'labcli: rockpro64-1 is bob[31ms\n  wait\n' });
  const json = await host.ssh('alice', 'labcli', 'power', 'on', 'rockpro64-1', '--json');
  expect(json.code).toBe(exitCode);
  expect(JSON.parse(json.stdout).error.code).toBe(errorCode);
});

test('no port, socket or agent is forwarded', async () => {
  const tcp = await host.ssh('-o', 'LogLevel=INFO', '-W', '127.0.0.1:22', 'alice');
  expect(tcp.stderr).toContain('administratively prohibited');
  const remote = await host.ssh('-N', '-o', 'ExitOnForwardFailure=yes', '-R', '0:127.0.0.1:22', 'alice');
  expect(remote.code).toBe(255);
  expect(remote.stderr).toContain('remote port forwarding failed');
  const tunnel = await host.ssh('-N', '-o', 'ExitOnForwardFailure=yes', '-w', 'any', 'alice');
  expect(tunnel.code).toBe(255);

  // labd's socket believes the header of who calls: nobody but labcli may reach it.
  const local = join(host.directory, 'forwarded.sock');
  const forwarding = ['-o', 'LogLevel=INFO', '-N', '-L', `${local}:/run/labcli/host/labd.sock`];
  const forwarder = converse('ssh', ['-F', host.sshConfig, ...forwarding, 'alice']);
  const answer = await readThrough(local);
  forwarder.kill();
  expect(answer).toBe('');
  expect(readFileSync(join(host.directory, 'door.log'), 'utf8')).toContain('refused streamlocal port forward');
  expect(host.calls()).toEqual([]);
});

test('a client cannot put anything into the environment of labcli', async () => {
  const environments: string[][] = [];
  host.answer((_call, response) => {
    environments.push(...host.environments());
    response.end('{"boards":[]}');
  });
  const odd = ['-A', '-X', '-o', 'SetEnv=NODE_OPTIONS=--inspect LC_ALL=C LABCLI=x'];
  await host.ssh(...odd, 'alice', 'labcli', 'status');
  const names = environments.flat().map(entry => entry.split('=')[0]);
  expect(names).toContain('SSH_ORIGINAL_COMMAND');
  for (const name of ['NODE_OPTIONS', 'LC_ALL', 'LABCLI', 'SSH_AUTH_SOCK', 'DISPLAY'])
    expect(names).not.toContain(name);
});

test('there is no sftp, and scp is told where files go', async () => {
  const sftp = await host.run('sftp', '-F', host.sshConfig, '-b', '/dev/null', 'alice');
  expect(sftp.code).not.toBe(0);
  expect(sftp.stderr).toContain('subsystem request failed');
  const scp = await host.run('scp', '-O', '-F', host.sshConfig, '/dev/null', 'alice:/tmp/door-canary');
  expect(scp.code).not.toBe(0);
  expect(scp.stderr).toContain('copy them to your jail');
});

test('the console carries bytes both ways, and ends with the input', async () => {
  const console = converse('ssh', ['-F', host.sshConfig, 'alice', 'labcli', 'console', 'rockpro64-1']);
  await console.expect(/hello/, 5000);
  console.write('printenv\r');
  await console.expect(/PRINTENV/, 5000);
  expect(await console.end(5000)).toBe(0);
  expect(host.calls().map(({ url, user }) => `${user} ${url}`)).toEqual(['alice /v1/console?board=rockpro64-1']);
});

test('on a terminal, Ctrl-] leaves the console', async () => {
  const console = converse('ssh', ['-tt', '-F', host.sshConfig, 'alice', 'labcli', 'console']);
  await console.expect(/Ctrl-\] leaves/, 5000);
  await console.expect(/hello/, 5000);
  // Ctrl-C belongs to the board, not to labcli.
  const interrupt = String.fromCharCode(3);
  console.write(`a${interrupt}b`);
  await console.expect(new RegExp(`A${interrupt}B`), 5000);
  console.write('\x1d');
  expect(await console.end(5000)).toBe(0);
});

async function readThrough(path: string): Promise<string> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await new Promise<string | undefined>(resolve => {
      let received = '';
      const socket = createConnection(path, () => socket.write('GET /v1/boards HTTP/1.0\r\nlabcli-user: bob\r\n\r\n'));
      socket.on('data', bytes => {
        received += bytes;
      });
      socket.on('close', () => resolve(received));
      socket.on('error', error => ('syscall' in error && error.syscall === 'connect' ? resolve(undefined) : undefined));
    });
    if (answer !== undefined) return answer;
    await sleep(50);
  }
  throw new Error('ssh did not listen');
}
