import { readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JaildHost, startJaildHost } from './jaild-host.ts';

/** A full disk in one jail is not a full lab: each disk of a jail ends at its quota. */
const megabyte = 1024 ** 2;
const rootSize = 64 * megabyte;
/** That of the harness's boot files. */
const nfsSize = 256 * megabyte;
const lab = readFileSync(join(import.meta.dirname, '../../lab.yaml'), 'utf8');
const labYaml = lab.replace('root_size: 4G', 'root_size: 64M');
const claim = { epoch: 1, user: 'alice', expiresAtMs: Date.UTC(2031, 4, 4) };
const jails = '/var/lib/labcli/jaild/jails';

let host: JaildHost;
beforeAll(async () => {
  host = await startJaildHost(labYaml);
  await host.startJaild();
  const answers = await Promise.all([host.build('rockpro64-1', claim), host.build('rockpro64-2', claim)]);
  expect(answers.map(({ events }) => events.at(-1))).toEqual([{ event: 'done' }, { event: 'done' }]);
});
afterAll(() => host?.stop());

const inFirst = (command: string) => host.ssh('alice', '10.77.0.101', command);
const inSecond = (command: string) => host.ssh('alice', '10.77.0.102', command);

/** Bytes that the first jail takes on the lab host's file system. */
async function takenByFirst(): Promise<number> {
  const { stdout } = await host.inside(
    'du',
    '--one-file-system',
    '--summarize',
    '--block-size=1',
    `${jails}/rockpro64-1`,
  );
  return Number(stdout.split('\t')[0]);
}

test.each([
  ['root', '/root/fill', rootSize],
  ['root, from another folder', '/var/tmp/fill', rootSize],
  ['boot files', '/srv/tftp/fill', rootSize],
  ['file system for NFS', '/srv/nfs/fill', nfsSize],
])(
  'a full %s gives ENOSPC in its jail, the host grows by no more than the quota, and no other jail is full',
  async (_what, file, size) => {
    const before = await takenByFirst();
    const fill = await inFirst(`dd if=/dev/urandom of=${file} bs=1M count=400`);
    expect(fill).toMatchObject({ code: 1, stderr: expect.stringContaining('No space left on device') });
    await inFirst('sync');
    const grown = (await takenByFirst()) - before;
    expect(grown).toBeGreaterThan(size / 2);
    expect(grown).toBeLessThanOrEqual(size);
    const other = await inSecond(`dd if=/dev/urandom of=${file} bs=1M count=20 && rm ${file}`);
    expect(other.code).toBe(0);
    // Its user can still log in, and make room.
    expect((await inFirst(`rm ${file} && echo room >${file} && sync && cat ${file} && rm ${file}`)).stdout).toBe(
      'room\n',
    );
    await host.inside('fstrim', `${jails}/rockpro64-1/private/${size === nfsSize ? 'nfs' : 'root-disk'}`);
  },
);

test('a disk full of files without content gives ENOSPC, too', async () => {
  const fill = await inFirst('mkdir /root/many && cd /root/many && seq 1 40000 | xargs touch');
  expect(fill.stderr).toContain('No space left on device');
  expect((await inFirst('rm -rf /root/many')).code).toBe(0);
});

test('no device node and no setuid program of a jail’s disk is one on the host', async () => {
  const { stdout } = await host.inside(
    'grep',
    '-E',
    `${jails}/rockpro64-1/private/(root-disk|nfs) ext4`,
    '/proc/mounts',
  );
  const options = stdout
    .trim()
    .split('\n')
    .map(line => line.split(' ')[3]?.split(',') ?? []);
  expect(options).toHaveLength(2);
  for (const each of options) expect(each).toEqual(expect.arrayContaining(['nosuid', 'nodev']));
});

test('what was written is there after the host went down without a word', async () => {
  await inFirst('echo kept | tee /root/kept >/srv/nfs/kept; sync');
  // As after a power failure: nothing is mounted, and no file system was closed.
  const copy = 'cd $0/rockpro64-1/private && for disk in root nfs; do cp --sparse=always $disk.img $disk.saved; done';
  await host.inside('sh', '-c', copy, jails);
  await host.inside(
    'sh',
    '-c',
    'for cgroup in /sys/fs/cgroup/labcli/rockpro64-1*; do echo 1 >$cgroup/cgroup.kill; done',
  );
  const unmount =
    'for i in 1 2 3; do grep -o " $0/rockpro64-1/[^ ]*" /proc/mounts | sort -r | xargs -r umount; sleep 0.2; done';
  await host.inside('sh', '-c', unmount, jails);
  await host.inside(
    'sh',
    '-c',
    'cd $0/rockpro64-1/private && for disk in root nfs; do mv $disk.saved $disk.img; done',
    jails,
  );
  expect((await host.build('rockpro64-1', claim)).events.at(-1)).toEqual({ event: 'done' });
  expect((await inFirst('cat /root/kept /srv/nfs/kept')).stdout).toBe('kept\nkept\n');
});

test('jaild warns when all jails’ disks together could fill the file system below, and only then', async () => {
  expect(host.log()).not.toContain('can grow to');
  const { bavail, bsize } = statfsSync(host.configDirectory);
  const tooMuch = Math.ceil((bavail * bsize) / 2 / 1024 ** 3) + 1;
  writeFileSync(join(host.configDirectory, 'lab.yaml'), lab.replace('root_size: 4G', `root_size: ${tooMuch}G`));
  await host.killJaild();
  await host.startJaild();
  expect(host.log()).toMatch(/warning: the disks of all jails can grow to .* GB, but .* has room for .* GB/);
});
