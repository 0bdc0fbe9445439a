import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClaimedBoard } from '../../src/api/messages.ts';
import { type Conversation, converse } from '../../src/vhost/conversation.ts';
import { execute, type LabUnderTest, startLab } from './lab-under-test.ts';

/** OpenSSH's own programs, into a jail: by way of the lab host, for there is no route, and by address where there is one. */
let lab: LabUnderTest;
let claim: ClaimedBoard;
let scratch: string;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'labcli-ssh-'));
  lab = await startLab();
  claim = await lab.json<ClaimedBoard>('alice', 'claim', 'rockpro64');
});
afterAll(async () => {
  await lab?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const config = () => ['-F', lab.host.sshConfig];
const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const isClean = ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr: code === 0 ? '' : stderr });
const clean = { code: 0, stderr: '' };
const others = () => (claim.board === 'rockpro64-1' ? 'rockpro64-2' : 'rockpro64-1');

/** A file of random bytes, and its digest. */
function makeFile(name: string, megabytes: number): { path: string; digest: string } {
  const bytes = randomBytes(megabytes << 20);
  const path = join(scratch, name);
  writeFileSync(path, bytes);
  return { path, digest: hash(bytes) };
}

test('with no route at all: one ProxyCommand, and the line of known-hosts', async () => {
  const knownHosts = join(scratch, 'known_hosts');
  writeFileSync(knownHosts, (await lab.ssh('labhost', 'labcli', 'known-hosts')).stdout);
  const knock = (file: string) =>
    execute('ssh', [
      ...['-F', 'none', '-o', `ProxyCommand=ssh -F ${lab.host.sshConfig} labhost labcli proxy %n`],
      ...['-o', `UserKnownHostsFile=${file}`, '-o', 'BatchMode=yes', '-i', `${lab.host.directory}/keys/alice`],
      ...[`root@${claim.board}`, 'hostname'],
    ]);
  expect((await knock(knownHosts)).stdout).toBe(`${claim.board}\n`);
  expect(await knock('/dev/null')).toMatchObject({ code: 255, stderr: expect.stringContaining('verification failed') });
});

test('the stanza that ssh-config prints is all: by handle, and directly to the address', async () => {
  for (const name of [claim.board, claim.jailAddress]) {
    expect((await lab.ssh(`root@${name}`, 'hostname')).stdout).toBe(`${claim.board}\n`);
  }
  // Nothing but the stanza says anything of host keys.
  const own = readFileSync(lab.host.sshConfig, 'utf8').replaceAll(/^Host labhost[\s\S]*?(?=^Host )/gm, '');
  expect(own).not.toMatch(/StrictHostKeyChecking|KnownHosts/);
});

test('scp, there and back', async () => {
  const { path, digest } = makeFile('scp', 24);
  const target = `root@${claim.board}:/root/scp`;
  expect(isClean(await execute('scp', [...config(), '-q', path, target]))).toEqual(clean);
  expect((await lab.ssh(claim.board, 'sha256sum </root/scp')).stdout).toContain(digest);
  // -O: the protocol of before, that older clients speak.
  for (const protocol of [[], ['-O']]) {
    expect(isClean(await execute('scp', [...protocol, ...config(), '-q', target, `${path}.back`]))).toEqual(clean);
    expect(hash(readFileSync(`${path}.back`))).toBe(digest);
  }
});

test('sftp, with a batch of commands', async () => {
  const { path, digest } = makeFile('sftp', 2);
  const batch = join(scratch, 'batch');
  writeFileSync(
    batch,
    `mkdir /root/dir\nput ${path} /root/dir/file\nget /root/dir/file ${path}.back\nls -l /root/dir\n`,
  );
  const outcome = await execute('sftp', [...config(), '-q', '-b', batch, `root@${claim.board}`]);
  expect(isClean(outcome)).toEqual(clean);
  expect(hash(readFileSync(`${path}.back`))).toBe(digest);
});

test('rsync sends what has changed, and nothing else', async () => {
  const folder = join(scratch, 'tree');
  for (const name of ['a', 'b/c']) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, 'file'), randomBytes(1 << 20));
  }
  const send = () =>
    execute('rsync', [
      '-a',
      '--stats',
      '-e',
      `ssh -F ${lab.host.sshConfig}`,
      `${folder}/`,
      `root@${claim.board}:/root/tree/`,
    ]);
  expect((await send()).stdout).toMatch(/Number of regular files transferred: 2\n/);
  writeFileSync(join(folder, 'a/file'), 'changed');
  expect((await send()).stdout).toMatch(/Number of regular files transferred: 1\n/);
  expect((await lab.ssh(claim.board, 'cat /root/tree/a/file')).stdout).toBe('changed');
});

test('a port of the jail is forwarded to here, and one of here to the jail', async () => {
  const server = createServer(socket => socket.end('from here\n'));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const port = (server.address() as { port: number }).port;
  const local = join(scratch, 'forwarded');
  const session = converse('ssh', [
    ...[...config(), '-o', 'ExitOnForwardFailure=yes'],
    ...['-L', `${local}:127.0.0.1:7070`, '-R', `127.0.0.1:7071:127.0.0.1:${port}`, claim.board],
    'socat TCP-LISTEN:7070,bind=127.0.0.1,fork,reuseaddr SYSTEM:"echo from the jail" & echo ready; cat; kill $!',
  ]);
  try {
    await session.expect(/ready/, 10_000);
    expect((await lab.ssh(claim.board, 'socat -T 5 TCP:127.0.0.1:7071 -')).stdout).toBe('from here\n');
    expect((await execute('socat', ['-T', '5', `UNIX-CONNECT:${local}`, '-'])).stdout).toBe('from the jail\n');
  } finally {
    await session.end(5000);
    server.close();
  }
});

test('the agent is forwarded: a key of here signs in the jail', async () => {
  const socket = join(scratch, 'agent');
  const agent = converse('ssh-agent', ['-D', '-a', socket]);
  try {
    await agent.expect(/SSH_AUTH_SOCK/, 5000);
    const environment = ['env', `SSH_AUTH_SOCK=${socket}`];
    expect(
      (await execute('env', [...environment.slice(1), 'ssh-add', '-q', `${lab.host.directory}/keys/alice`])).code,
    ).toBe(0);
    const list = (option: string) =>
      execute('env', [
        ...[...environment.slice(1), 'ssh', option, ...config(), '-o', 'IdentityAgent=SSH_AUTH_SOCK', claim.board],
        'ssh-add -L',
      ]);
    const key = readFileSync(`${lab.host.directory}/keys/alice.pub`, 'utf8').split(' ')[1] ?? '';
    expect((await list('-A')).stdout).toContain(key);
    expect((await list('-a')).stdout).not.toContain(key);
  } finally {
    agent.kill();
  }
});

test('the way is clean for all bytes, in both directions at once, and fast', async () => {
  const { path, digest } = makeFile('echo', 48);
  const start = performance.now();
  const script = `ssh -F ${lab.host.sshConfig} ${claim.board} cat <${path} | sha256sum`;
  expect((await execute('sh', ['-c', script])).stdout).toContain(digest);
  // Far below what it does; a way without back pressure or with a timer in it would not make it.
  expect(48 / ((performance.now() - start) / 1000)).toBeGreaterThan(4);
}, 60_000);

test('a reader who stops to read costs labd no memory', async () => {
  const pid = await lab.pidOf('labd');
  const residentMb = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  const before = residentMb();
  const stuck = execute('sh', ['-c', `timeout 4 ssh -F ${lab.host.sshConfig} ${claim.board} cat /dev/zero | sleep 5`]);
  await sleep(3000);
  expect(residentMb() - before).toBeLessThan(24);
  await stuck;
}, 30_000);

test('whose board it is not, and whoever has none, is refused with a sentence', async () => {
  const proxy = (user: string, board: string) => lab.ssh(`labhost-${user}`, 'labcli', 'proxy', board);
  expect(await proxy('bob', claim.board)).toMatchObject({
    code: 4,
    stdout: '',
    stderr: expect.stringContaining('alice'),
  });
  expect(await proxy('alice', others())).toMatchObject({ code: 4, stdout: '' });
  expect(await proxy('alice', 'rockpro64-9')).toMatchObject({ code: 3, stdout: '' });
  // The control: the holder hears the jail's sshd.
  expect(await proxy('alice', claim.board)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^SSH-2\.0-/) });
  // Nor is it a way to anywhere else.
  for (const elsewhere of ['127.0.0.1', 'localhost', '198.51.100.1', '10.77.0.102', '../x']) {
    const { code, stdout } = await proxy('alice', elsewhere);
    expect([elsewhere, code, stdout]).toEqual([elsewhere, expect.any(Number), '']);
    expect([2, 3]).toContain(code);
  }
});

test('in the jail, a proxy is not for the asking', async () => {
  const { stdout } = await lab.ssh(
    claim.board,
    "curl -s --unix-socket /run/lab/labd.sock -H 'Connection: Upgrade' -H 'Upgrade: labcli-proxy' http://labd/v1/proxy",
  );
  expect(JSON.parse(stdout).error.code).toBe('denied');
});

describe('when the claim ends', () => {
  let sessions: Conversation[];
  let endedMs: number;

  async function openSessions(): Promise<void> {
    sessions = [
      converse('ssh', [...config(), '-o', 'ServerAliveInterval=0', claim.board, 'echo open; sleep 60']),
      converse('ssh', [...config(), 'labhost', 'labcli', 'proxy', claim.board]),
    ];
    await sessions[0]?.expect(/open/, 10_000);
    await sessions[1]?.expect(/SSH-2\.0/, 10_000);
  }
  async function waitForEnds(): Promise<string> {
    const start = performance.now();
    await Promise.all(sessions.map(session => session.expect(/closed|has ended/, 8000)));
    endedMs = performance.now() - start;
    const [, raw] = sessions;
    return raw?.transcript() ?? '';
  }
  afterEach(() => {
    for (const session of sessions) session.kill();
  });

  test('by release, open proxies end at once, and say why', async () => {
    await openSessions();
    const released = lab.ssh('labhost', 'labcli', 'release', claim.board);
    expect(await waitForEnds()).toMatch(/labcli: the connection has ended: .*(released|claim has ended)/);
    expect((await released).code).toBe(0);
    expect(endedMs).toBeLessThan(3000);
  }, 30_000);

  test('and the next holder of the board is known by the same line, whoever it is', async () => {
    const next = await lab.json<ClaimedBoard>('bob', 'claim', 'rockpro64');
    const again = next.board === claim.board ? next : await lab.json<ClaimedBoard>('bob', 'claim', 'rockpro64');
    expect(again.board).toBe(claim.board);
    expect((await lab.ssh(again.jailAddress, 'hostname')).stdout).toBe(`${claim.board}\n`);
    expect((await lab.ssh(claim.board, 'hostname')).code).toBe(255);
    claim = again;
  }, 30_000);
});
