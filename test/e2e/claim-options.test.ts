import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BoardList, ClaimedBoard } from '../../src/api/messages.ts';
import { run } from '../../src/system/run.ts';
import { execute, type LabUnderTest, readExampleLab, startLab } from './lab-under-test.ts';

/** What a claim brings along: keys of colleagues, and the set-up of the class. */
let lab: LabUnderTest;
let scratch: string;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'labcli-options-'));
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', "a colleague's", '-f', join(scratch, 'colleague')]);
  lab = await startLab(readExampleLab().replace('# setup: rockpro64', 'setup: rockpro64'));
});
afterAll(async () => {
  await lab?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const key = () => readFileSync(join(scratch, 'colleague.pub'), 'utf8').trim();
/** With the colleague's key alone. */
async function knock(address: string) {
  const { stdout: knownHosts } = await lab.ssh('labhost', 'labcli known-hosts');
  return execute('ssh', [
    ...['-F', 'none', '-o', 'BatchMode=yes', '-o', 'IdentitiesOnly=yes', '-o', 'IdentityAgent=none'],
    ...['-o', `ProxyCommand=nsenter --target ${lab.host.pid} --net socat STDIO TCP:%h:22`],
    ...['-o', `KnownHostsCommand=/bin/echo ${knownHosts.trim()}`, '-i', join(scratch, 'colleague')],
    ...[`root@${address}`, 'id -un'],
  ]);
}

test('a key that is given with the claim opens the jail, also the one that reinit makes; the next claim does not know it', async () => {
  const claimed = await lab.ssh('labhost', `labcli claim rockpro64 --json --key '${key().replaceAll("'", '')}'`);
  const { board, jailAddress } = JSON.parse(claimed.stdout) as ClaimedBoard;
  expect(await knock(jailAddress)).toMatchObject({ code: 0, stdout: 'root\n' });
  expect((await lab.ssh('labhost', 'labcli', 'reinit')).code).toBe(0);
  expect(await knock(jailAddress)).toMatchObject({ code: 0, stdout: 'root\n' });
  expect((await lab.ssh('labhost', 'labcli', 'release')).code).toBe(0);
  const next = await lab.json<ClaimedBoard>('alice', 'claim', '--board', board);
  expect(await knock(next.jailAddress)).toMatchObject({
    code: 255,
    stderr: expect.stringContaining('Permission denied'),
  });
  expect((await lab.ssh('labhost', 'labcli', 'release')).code).toBe(0);
}, 60_000);

test('what is no key is refused in a sentence, and no board is claimed', async () => {
  const { code, stderr } = await lab.ssh('labhost', "labcli claim rockpro64 --key 'ssh-ed25519 AAAA'");
  expect(code).toBe(2);
  expect(stderr).toMatch(/^labcli: keys: .*\n/);
  expect((await lab.json<BoardList>('alice', 'status', '--mine')).boards).toEqual([]);
});

test("the class's set-up has run when the claim is done", async () => {
  const { jailAddress } = await lab.json<ClaimedBoard>('alice', 'claim', 'rockpro64');
  expect((await lab.ssh(jailAddress, 'readlink /root/tftp /root/nfs')).stdout).toBe('/srv/tftp\n/srv/nfs\n');
  expect((await lab.ssh('labhost', 'labcli', 'release')).code).toBe(0);
}, 30_000);

test('a set-up that fails fails the claim with what it wrote, and leaves nothing', async () => {
  const script = lab.host.outside('/opt/labcli/jails/setup/rockpro64');
  const before = readFileSync(script);
  writeFileSync(script, '#!/bin/sh\necho looking for the mirror\necho "no mirror answers" >&2\nexit 7\n');
  chmodSync(script, 0o755);
  const { code, stdout, stderr } = await lab.ssh('labhost', 'labcli', 'claim', 'rockpro64');
  expect({ code, stdout }).toEqual({ code: 6, stdout: '' });
  expect(stderr).toMatch(
    /labcli: the set-up of the jail of rockpro64-\d ended with 7\nlabcli: looking for the mirror\nlabcli: no mirror answers\n/,
  );
  expect((await lab.json<BoardList>('alice', 'status')).boards.map(({ state }) => state)).toEqual(['free', 'free']);
  expect((await lab.inside('ls', '/var/lib/labcli/jaild/jails', '/sys/fs/cgroup/labcli')).stdout).not.toContain(
    'rockpro64',
  );
  writeFileSync(script, before);
  const { board } = await lab.json<ClaimedBoard>('alice', 'claim', 'rockpro64');
  expect((await lab.ssh('labhost', 'labcli', 'release', board)).code).toBe(0);
}, 60_000);
