import { writeFileSync } from 'node:fs';
import type { BoardList, ClaimedBoard, ClassList, PowerAnswer } from '../../src/api/messages.ts';
import { type Conversation, converse } from '../../src/vhost/conversation.ts';
import { execute, type LabUnderTest, startLab, tracesOfJails } from './lab-under-test.ts';

/** The main job, in the order in which a user does it: each test goes on where the last one stopped. */
let lab: LabUnderTest;
let claim: ClaimedBoard;
let console: Conversation | undefined;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(async () => {
  console?.kill();
  await lab?.stop();
});

const boardOf = async (handle: string) =>
  (await lab.json<BoardList>('alice', 'status')).boards.find(board => board.handle === handle);

test('classes tells what there is, and what is free', async () => {
  const { classes } = await lab.json<ClassList>('alice', 'classes', '--available');
  expect(classes).toEqual([expect.objectContaining({ name: 'rockpro64', boards: 2, available: 2 })]);
});

test('claim shows its steps as they happen, and ends with handle, address, how to log in and expiry', async () => {
  const { code, stdout, stderr } = await lab.ssh('labhost', 'labcli', 'claim', 'rockpro64');
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  expect(stderr.trim().split('\n').length).toBeGreaterThan(2);
  expect(stdout).toMatch(/rockpro64-\d/);
  expect(stdout).toMatch(/10\.77\.0\.10\d/);
  expect(stdout).toMatch(/ssh root@rockpro64-\d/);
  expect(stdout).toMatch(/\d{4}-\d\d-\d\d/);
  const [mine] = (await lab.json<BoardList>('alice', 'status', '--mine')).boards;
  expect(mine).toMatchObject({ state: 'claimed', user: 'alice', power: 'off' });
  claim = { board: mine?.handle, epoch: mine?.epoch, jailAddress: mine?.jailAddress } as ClaimedBoard;
});

test('the jail is reached by ssh: root inside, nobody outside', async () => {
  const { stdout } = await lab.ssh(claim.board, 'id -un; hostname; awk "{print \\$2}" /proc/self/uid_map');
  const [user, hostname, uidBase] = stdout.trim().split('\n');
  expect([user, hostname]).toEqual(['root', claim.board]);
  expect(Number(uidBase)).toBeGreaterThan(65_535);
});

test('only the holder has the key to the jail', async () => {
  const knownHosts = `${lab.host.directory}/jails_known_hosts`;
  writeFileSync(knownHosts, (await lab.ssh('labhost', 'labcli', 'known-hosts')).stdout);
  const knock = (user: string) =>
    execute('nsenter', [
      ...['--target', String(lab.host.pid), '--net', 'ssh', '-F', 'none', '-o', 'BatchMode=yes'],
      ...['-o', `UserKnownHostsFile=${knownHosts}`, '-o', 'IdentitiesOnly=yes'],
      ...['-i', `${lab.host.directory}/keys/${user}`, `root@${claim.jailAddress}`, 'true'],
    ]);
  expect((await knock('alice')).code).toBe(0);
  expect(await knock('bob')).toMatchObject({ code: 255, stderr: expect.stringContaining('Permission denied') });
});

test('a board that is not yours is refused, and whose it is is told', async () => {
  for (const verb of [['release'], ['reinit'], ['power', 'on'], ['console']]) {
    const { code, stderr } = await lab.ssh('labhost-bob', 'labcli', ...verb, claim.board);
    expect({ verb, code }).toEqual({ verb, code: 4 });
    expect(stderr).toContain('alice');
  }
});

test('in the jail, labcli needs no handle and refuses another board', async () => {
  expect((await lab.ssh(claim.board, 'labcli power status')).stdout).toMatch(/off/);
  expect((await lab.ssh(claim.board, 'labcli status')).stdout).toContain(claim.board);
  const other = claim.board === 'rockpro64-1' ? 'rockpro64-2' : 'rockpro64-1';
  expect((await lab.ssh(claim.board, `labcli power on ${other}`)).code).toBe(4);
});

test('power on from inside the jail: U-Boot, Linux and the login prompt on the console, root on NFS', async () => {
  console = converse('ssh', ['-F', lab.host.sshConfig, 'labhost', 'labcli', 'console', claim.board]);
  const power = await lab.ssh(claim.board, 'labcli power on');
  expect(power).toMatchObject({ code: 0 });
  expect((await lab.json<PowerAnswer>('alice', 'power', 'status', claim.board)).power).toBe('on');
  await console.expect(/U-Boot \d/, 20_000);
  await console.expect(/Starting kernel/, 30_000);
  await console.expect(new RegExp(`${claim.board} login: `), 60_000);
  console.write('root\r');
  await console.expect(/# /, 10_000);
  console.write("grep ' / ' /proc/mounts; echo from-the-board > /mark; sync\r");
  await console.expect(/ \/ nfs4? /, 10_000);
  await console.expect(/# /, 10_000);
  expect((await lab.ssh(claim.board, 'cat /srv/nfs/root/mark')).stdout.trim()).toBe('from-the-board');
}, 120_000);

test('a board that has its root on NFS goes on when exports are applied', async () => {
  const text = '/srv/nfs *(rw,no_root_squash)\\n/srv/nfs/root *(rw,no_root_squash)\\n';
  expect((await lab.ssh(claim.board, `printf '${text}' >/etc/exports; exportfs -r`)).stdout).toContain('/srv/nfs/root');
  console?.write('echo $((40+1)) > /mark; sync; cat /mark /etc/inittab\r');
  await console?.expect(/41\s[\s\S]*sysinit/, 30_000);
  expect((await lab.ssh(claim.board, 'cat /srv/nfs/root/mark')).stdout.trim()).toBe('41');
}, 60_000);

test.each([
  ['on the lab host', () => ['labhost', 'labcli', 'console', claim.board]],
  ['in the jail', () => [claim.board, 'labcli', 'console']],
])(
  'the console at a terminal, %s: what is typed reaches the board, and Ctrl-] leaves',
  async (_name, words) => {
    const terminal = converse('ssh', ['-tt', '-F', lab.host.sshConfig, ...words()]);
    await terminal.expect(/Ctrl-\]|# /, 10_000);
    terminal.write('echo seen-$((40+2))\r');
    await terminal.expect(/seen-42/, 10_000);
    terminal.write('\x1d');
    expect(await terminal.end(5000)).toBe(0);
  },
  30_000,
);

test('the serial console is a device in the jail', async () => {
  const reader = converse('ssh', ['-F', lab.host.sshConfig, claim.board, 'cat /dev/ttyBoard']);
  await new Promise(resolve => setTimeout(resolve, 500));
  console?.write('echo seen-$((40+2))\r');
  await reader.expect(/seen-42/, 10_000);
  reader.kill();
});

test('the jail reaches the world from the lab host address, and the world does not reach the jail', async () => {
  const listener = lab.host.enter(
    'ip',
    'netns',
    'exec',
    'wan',
    'socat',
    '-u',
    'TCP-LISTEN:8080',
    'SYSTEM:echo $SOCAT_PEERADDR',
  );
  const world = converse(listener[0], [...listener.slice(1)]);
  await new Promise(resolve => setTimeout(resolve, 300));
  await lab.ssh(claim.board, 'echo hello | socat - TCP:198.51.100.1:8080,connect-timeout=5');
  expect(await world.expect(/198\.51\.100\.\d+/, 10_000)).toContain('198.51.100.2');
  world.kill();
  const probe = await lab.inside(
    'ip',
    'netns',
    'exec',
    'wan',
    'sh',
    '-c',
    'ip route replace 10.77.0.0/16 via 198.51.100.2; socat -u TCP:10.77.0.101:53,connect-timeout=2 STDOUT',
  );
  expect(probe.code).not.toBe(0);
});

test('power cycle and off are read back from the switch', async () => {
  expect((await lab.json<PowerAnswer>('alice', 'power', 'cycle')).power).toBe('on');
  expect((await lab.json<PowerAnswer>('alice', 'power', 'off')).power).toBe('off');
  await console?.end(5000);
}, 30_000);

test('reinit gives the clean jail of a first claim and keeps the claim', async () => {
  await lab.ssh(claim.board, 'touch /root/old /srv/nfs/old');
  const { code } = await lab.ssh('labhost', 'labcli', 'reinit');
  expect(code).toBe(0);
  expect(await boardOf(claim.board)).toMatchObject({ user: 'alice', epoch: claim.epoch, power: 'off' });
  const { stdout } = await lab.ssh(claim.board, 'ls /root/old /srv/nfs/old /srv/nfs/root/mark 2>/dev/null; echo end');
  expect(stdout.trim()).toBe('end');
});

test('labcli reinit and release work from inside the jail', async () => {
  await lab.ssh(claim.board, 'touch /root/old; labcli reinit');
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline) {
    const board = await boardOf(claim.board);
    if (board && !board.operation) break;
  }
  expect((await lab.ssh(claim.board, 'ls /root/old 2>/dev/null; echo end')).stdout.trim()).toBe('end');
  await lab.ssh(claim.board, 'labcli release');
  while (Date.now() < deadline && (await boardOf(claim.board))?.state !== 'free');
  expect(await boardOf(claim.board)).toMatchObject({ state: 'free' });
}, 60_000);

test('release left nothing of the jail on the lab host', async () => {
  expect(await tracesOfJails(lab)).toBe('');
});

test('claim --power boots the board at once', async () => {
  const claimed = await lab.json<ClaimedBoard>('bob', 'claim', 'rockpro64', '--power');
  expect(claimed.power).toBe('on');
  const booting = converse('ssh', ['-F', lab.host.sshConfig, 'labhost-bob', 'labcli', 'console']);
  await booting.expect(/U-Boot \d/, 20_000);
  const released = lab.ssh('labhost-bob', 'labcli', 'release');
  expect((await released).code).toBe(0);
  // The console ends with the claim: a user who is out reads no further.
  await booting.end(5000);
  expect((await lab.json<BoardList>('bob', 'status', '--mine')).boards).toEqual([]);
}, 60_000);
