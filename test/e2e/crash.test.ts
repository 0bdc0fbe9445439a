import { spawn } from 'node:child_process';
import type { BoardList } from '../../src/api/messages.ts';
import { type LabUnderTest, type Outcome, startLab, tracesOfJails } from './lab-under-test.ts';

/** A daemon is killed at every step of claim, reinit and release; then the state must converge by itself. */
let lab: LabUnderTest;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab?.stop());

const daemons = ['labd', 'jaild'] as const;
/** Runs a verb as alice; when its n-th line of progress appears, kills the daemon. Gives the lines that appeared. */
async function runAndKill(words: readonly string[], line: number, daemon: (typeof daemons)[number]) {
  const pid = await lab.pidOf(daemon);
  const child = spawn('ssh', ['-F', lab.host.sshConfig, 'labhost', 'labcli', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let progress = '';
  let isKilled = false;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    progress += text;
    if (!isKilled && progress.split('\n').length > line) {
      isKilled = true;
      process.kill(pid, 'SIGKILL');
    }
  });
  const code = await new Promise<number>(resolve => child.once('close', status => resolve(status ?? 255)));
  return { code, isKilled, progress };
}

async function settled(): Promise<BoardList['boards']> {
  const deadline = Date.now() + 30_000;
  let last: Outcome | undefined;
  while (Date.now() < deadline) {
    last = await lab.ssh('labhost', 'labcli', 'status', '--json');
    if (last.code === 0) {
      const { boards } = JSON.parse(last.stdout) as BoardList;
      if (boards.every(board => !board.operation)) return boards;
    }
  }
  throw new Error(`the lab does not come to rest: ${JSON.stringify(last)}`);
}

const mine = (boards: BoardList['boards']) => boards.filter(({ user }) => user === 'alice');

for (const daemon of daemons) {
  test(`kill -9 of ${daemon} at each step of a claim: an acknowledged claim is there, and none is half there`, async () => {
    for (let line = 1; ; line++) {
      const { code, isKilled, progress } = await runAndKill(['claim', 'rockpro64'], line, daemon);
      const boards = await settled();
      const claims = mine(boards);
      expect({ line, boards: boards.filter(({ state }) => state === 'quarantined') }).toEqual({ line, boards: [] });
      if (code === 0) expect({ line, progress, claims: claims.length }).toEqual({ line, progress, claims: 1 });
      for (const { handle } of claims) {
        expect({ line, stdout: (await lab.ssh(handle, 'hostname')).stdout.trim() }).toEqual({ line, stdout: handle });
        expect((await lab.ssh('labhost', 'labcli', 'release', handle)).code).toBe(0);
      }
      expect({ line, left: await tracesOfJails(lab) }).toEqual({ line, left: '' });
      if (!isKilled) {
        expect(line).toBeGreaterThan(3);
        break;
      }
    }
  }, 180_000);

  test(`kill -9 of ${daemon} at each step of a reinit: the claim stays, the jail is clean`, async () => {
    expect((await lab.ssh('labhost', 'labcli', 'claim', 'rockpro64')).code).toBe(0);
    for (let line = 1; ; line++) {
      const [before] = mine(await settled());
      await lab.ssh(String(before?.handle), 'touch /root/old');
      const { isKilled } = await runAndKill(['reinit'], line, daemon);
      const [after] = mine(await settled());
      expect({ line, handle: after?.handle, epoch: after?.epoch }).toEqual({
        line,
        handle: before?.handle,
        epoch: before?.epoch,
      });
      const { stdout } = await lab.ssh(String(after?.handle), 'ls /root/old 2>/dev/null; echo end');
      expect({ line, stdout }).toEqual({ line, stdout: 'end\n' });
      if (!isKilled) {
        expect(line).toBeGreaterThan(3);
        break;
      }
    }
    expect((await lab.ssh('labhost', 'labcli', 'release')).code).toBe(0);
  }, 180_000);

  test(`kill -9 of ${daemon} at each step of a release: the board is free and clean, or still held`, async () => {
    for (let line = 1; ; line++) {
      expect((await lab.ssh('labhost', 'labcli', 'claim', 'rockpro64')).code).toBe(0);
      const { code, isKilled, progress } = await runAndKill(['release'], line, daemon);
      const boards = await settled();
      if (code === 0) expect({ line, progress, claims: mine(boards).length }).toEqual({ line, progress, claims: 0 });
      if (mine(boards).length > 0) expect((await lab.ssh('labhost', 'labcli', 'release')).code).toBe(0);
      expect({ line, states: (await settled()).map(({ state }) => state) }).toEqual({ line, states: ['free', 'free'] });
      expect({ line, left: await tracesOfJails(lab) }).toEqual({ line, left: '' });
      if (!isKilled) {
        expect(line).toBeGreaterThan(2);
        break;
      }
    }
  }, 180_000);
}

test('all programs of the lab killed at once, jails too: the claim is there again after the restart', async () => {
  expect((await lab.ssh('labhost', 'labcli', 'claim', 'rockpro64')).code).toBe(0);
  const [held] = mine(await settled());
  const pids = await Promise.all([lab.pidOf('labd'), lab.pidOf('jaild'), lab.pidOf('vlab')]);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await lab.inside('pkill', '-KILL', '-f', 'runsvdir -P /etc/service');
  await lab.inside('pkill', '-KILL', 'ganesha');
  const deadline = Date.now() + 30_000;
  let answer: Outcome | undefined;
  while (Date.now() < deadline) {
    answer = await lab.ssh(String(held?.handle), '-o', 'ConnectTimeout=2', 'hostname');
    if (answer.code === 0) break;
  }
  expect(answer?.stdout.trim()).toBe(held?.handle);
  expect(mine(await settled())).toEqual([expect.objectContaining({ handle: held?.handle, epoch: held?.epoch })]);
  expect((await lab.ssh('labhost', 'labcli', 'release')).code).toBe(0);
}, 90_000);
