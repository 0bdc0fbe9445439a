import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseDocument } from 'yaml';
import type { BoardList, ClaimedBoard, QueueList } from '../../src/api/messages.ts';
import { type LabUnderTest, readExampleLab, startLab } from './lab-under-test.ts';

/** Reservations over real ssh, where connections really die. */
let lab: LabUnderTest;
beforeAll(async () => {
  const document = parseDocument(readExampleLab());
  document.set('reservations', { hold_grace: '2s' });
  document.deleteIn(['boards', 1]);
  lab = await startLab(document.toString());
});
afterAll(() => lab?.stop());
afterEach(async () => {
  await lab.ssh('labhost', 'labcli', 'release', '--wait');
  await until(async () => (await boards()).every(({ state }) => state === 'free'));
});

const boards = async () => (await lab.json<BoardList>('alice', 'status')).boards;
const queue = async () => (await lab.json<QueueList>('alice', 'queue')).requests;

async function until(isSo: () => Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`it did not come about in time: ${isSo}`);
    await sleep(100);
  }
}

function start(user: string, ...words: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn('ssh', ['-F', lab.host.sshConfig, `labhost-${user}`, 'labcli', ...words]);
}

/** Runs a command with an input, and gives its bytes and code. */
async function runWith(input: string | Buffer, ...words: readonly string[]) {
  const child = start('alice', ...words);
  const [stdout, stderr, [code]] = await Promise.all([
    (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    })(),
    text(child.stderr),
    once(child, 'close'),
    child.stdin.end(input),
  ]);
  return { stdout, stderr, code };
}

test('Ctrl-C or a dead connection leaves the queue at once', async () => {
  await lab.json('bob', 'claim', 'rockpro64');
  const waiting = start('alice', 'claim', 'rockpro64', '--wait');
  await until(async () => (await queue()).length === 1);
  waiting.kill('SIGKILL');
  await until(async () => (await queue()).length === 0, 5000);
  await lab.json('bob', 'release');
});

test('a waiter gets the board that comes free, and is told so on the terminal', async () => {
  await lab.json('bob', 'claim', 'rockpro64');
  const waiting = start('alice', 'claim', 'rockpro64', '--wait');
  const told = text(waiting.stderr);
  const claim = text(waiting.stdout);
  await until(async () => (await queue()).length === 1);
  await lab.json('bob', 'release');
  expect(await claim).toContain('rockpro64-1 is yours');
  expect(await told).toMatch(/place 1 in the queue; expected by .* UTC \(in .*\)\n {2}rockpro64-1: bob until/);
});

test('claim --hold: when the connection drops, the board is released after the grace', async () => {
  const held = start('alice', 'claim', 'rockpro64', '--hold', '--json');
  const [line] = await once(held.stdout, 'data');
  const claim = JSON.parse(String(line)) as ClaimedBoard;
  await sleep(3000);
  expect(await boards()).toMatchObject([{ state: 'claimed', epoch: claim.epoch }]);
  held.kill('SIGKILL');
  await until(async () => (await boards())[0]?.state === 'free', 10_000);
});

test('a second labd ends at once, and touches no claim of the first', async () => {
  const held = start('alice', 'claim', 'rockpro64', '--hold', '--json');
  await once(held.stdout, 'data');
  const labd = ['/opt/labcli/bin/node', '/opt/labcli/lib/labd.js'];
  const second = await lab.inside('chpst', '-u', 'labd:labd:lab', ...labd);
  expect(second).toMatchObject({ code: 5, stderr: expect.stringContaining('another labd works with') });
  expect((await boards())[0]).toMatchObject({ state: 'claimed', user: 'alice' });
  expect((await boards())[0]?.awayUntilMs).toBeUndefined();
  held.kill('SIGKILL');
});

test('run: streams and exit code are the command’s own, and the board is released', async () => {
  const command = ["'id -u; cat; echo lost >&2; exit 7'"];
  const { stdout, stderr, code } = await runWith('in\n', 'run', 'rockpro64', '--', 'sh', '-c', ...command);
  expect({ stdout: stdout.toString(), code }).toEqual({ stdout: '0\nin\n', code: 7 });
  expect(stderr).toMatch(/^lost$/m);
  expect(stderr).toMatch(/rockpro64-1 is released\n$/);
  expect(await boards()).toMatchObject([{ state: 'free' }]);
});

test('run: arguments reach the command as they are', async () => {
  const words = ['a b', "it's", '$HOME', '*', '', '--wait=5m'];
  const typed = words.map(word => `'${word.replaceAll("'", "'\\''")}'`);
  const { stdout } = await runWith('', 'run', 'rockpro64', '--', 'printf', "'<%s>'", ...typed);
  expect(stdout.toString()).toBe(words.map(word => `<${word}>`).join(''));
});

test('run: the lab’s own failures have codes of their own', async () => {
  expect((await runWith('', 'run', 'x86', '--', 'true')).code).toBe(203);
  await lab.json('bob', 'claim', 'rockpro64');
  expect((await runWith('', 'run', 'rockpro64', '--', 'true')).code).toBe(205);
  await lab.json('bob', 'release');
  expect((await runWith('', 'run', 'rockpro64', '--for', '9d', '--', 'true')).code).toBe(204);
});

test('run: upload and download are tar files on the same connection', async () => {
  const archive = await text(
    spawn('tar', ['-c', '-f', '-', '-C', `${import.meta.dirname}`, 'serve-folder.ts']).stdout.setEncoding('latin1'),
  );
  const options = ['run', 'rockpro64', '--upload', 'work', '--download', 'work/out', '--'];
  const command = ['sh', '-c', "'mkdir out && wc -c < serve-folder.ts > out/size; echo built'"];
  const { stdout, stderr, code } = await runWith(Buffer.from(archive, 'latin1'), ...options, ...command);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^built$/m) });
  const unpack = spawn('tar', ['-x', '-O', '-f', '-', './size']);
  unpack.stdin.end(stdout);
  expect(Number(await text(unpack.stdout))).toBeGreaterThan(100);
});

test('run: a command that fails before there is anything to download ends with its own code; one that does not, with not found', async () => {
  const download = ['run', 'rockpro64', '--json', '--download', 'nowhere', '--'];
  const failed = await runWith('', ...download, 'sh', '-c', "'exit 7'");
  expect({ code: failed.code, stderr: failed.stderr }).toEqual({
    code: 7,
    stderr: expect.not.stringContaining('is released'),
  });
  expect((await runWith('', ...download, 'true')).code).toBe(203);
});

test('run: a signal reaches the command, and the board is released', async () => {
  const child = spawn('ssh', [
    '-tt',
    '-F',
    lab.host.sshConfig,
    'labhost-alice',
    'labcli',
    'run',
    'rockpro64',
    '--',
    'sh',
    '-c',
    '\'trap "echo caught; exit 9" INT; echo ready; while :; do sleep 0.1; done\'',
  ]);
  let said = '';
  child.stdout.on('data', bytes => {
    said += bytes;
  });
  await until(async () => said.includes('ready'));
  child.stdin.write('\x03');
  const [code] = await once(child, 'close');
  expect({ code, said }).toEqual({ code: 9, said: expect.stringContaining('caught') });
  expect(await boards()).toMatchObject([{ state: 'free' }]);
});

test('run: a signal that ends the command is 128 and its number, as in a shell', async () => {
  expect((await runWith('', 'run', 'rockpro64', '--', 'sh', '-c', "'kill -SEGV $$'")).code).toBe(139);
  expect((await runWith('', 'run', 'rockpro64', '--', 'sh', '-c', "'kill -KILL $$'")).code).toBe(137);
});

test('run: a jail that says no more is the lab’s failure, not the command’s', async () => {
  const { code, stderr } = await runWith('', 'run', 'rockpro64', '--', 'sh', '-c', "'pkill -9 sshd; sleep 1000'");
  expect(stderr).toContain('the connection to the jail broke before the command had ended');
  expect(code).toBe(207);
}, 60_000);

test('run: a lease that ends before the command does is too late, and whoever is thrown out is told so', async () => {
  const late = await runWith('', 'run', 'rockpro64', '--for', '5s', '--', 'sleep', '1000');
  expect(late.stderr).toContain('the lease of rockpro64-1 ended before the command did');
  expect(late.code).toBe(208);
  await until(async () => (await boards()).every(({ state }) => state === 'free'));
  const thrownOut = runWith('', 'run', 'rockpro64', '--', 'sleep', '1000');
  await until(async () => (await boards()).some(({ state, operation }) => state === 'claimed' && !operation));
  await lab.ssh('labhost-alice', 'labcli', 'admin', 'release', 'rockpro64-1', '--reason', 'urgent');
  const { code, stderr } = await thrownOut;
  expect(stderr).toContain('the claim of rockpro64-1 ended before the command did');
  expect(code).toBe(204);
}, 60_000);

test('run: when the connection dies, the command ends and the board is released at once', async () => {
  const child = start('alice', 'run', 'rockpro64', '--', 'sleep', '1000');
  await until(async () => (await boards()).some(({ operation, state }) => state === 'claimed' && !operation));
  child.kill('SIGKILL');
  await until(async () => (await boards())[0]?.state === 'free', 8000);
});
