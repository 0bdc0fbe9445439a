import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JaildHost, startJaildHost } from './jaild-host.ts';

/** The cgroup limits of lab.yaml hold in a jail, and a class of boards can have its own. */
const labYaml = readFileSync(join(import.meta.dirname, '../../lab.yaml'), 'utf8')
  .replace(/limits:\n(?: {4}.*\n)+/, 'limits: { memory: 192M, processes: 100, cpu: 0.3, io: 8M }')
  .replace(
    'classes:\n',
    'classes:\n  - { name: large, architecture: arm64, boot: debian-nfs, limits: { memory: 1G, processes: 300, cpu: 64, io: 4G } }\n',
  )
  .replace(/(handle: rockpro64-2\n *class: )rockpro64/, '$1large');
const claim = { epoch: 1, user: 'alice', expiresAtMs: Date.UTC(2031, 4, 4) };

let host: JaildHost;
beforeAll(async () => {
  host = await startJaildHost(labYaml);
  await host.startJaild();
  const answers = await Promise.all([host.build('rockpro64-1', claim), host.build('rockpro64-2', claim)]);
  expect(answers.map(({ events }) => events.at(-1))).toEqual([{ event: 'done' }, { event: 'done' }]);
});
afterAll(() => host?.stop());

const inSmall = (command: string) => host.ssh('alice', '10.77.0.101', command);
const inLarge = (command: string) => host.ssh('alice', '10.77.0.102', command);

test('processes cannot be more than the limit: fork fails with EAGAIN, and works again when some have ended', async () => {
  const attack = `perl -e 'my @c; while (defined(my $p = fork)) { $p or sleep 9, exit; push @c, $p; last if @c > 400 } print scalar(@c), " ", $!+0; kill 9, @c; 1 while wait != -1'`;
  const [small, large] = [await inSmall(attack), await inLarge(attack)];
  const [count = 0, error] = small.stdout.split(' ').map(Number);
  expect(error).toBe(11);
  expect(count).toBeGreaterThan(50);
  expect(count).toBeLessThan(100);
  expect(Number(large.stdout.split(' ')[0])).toBeGreaterThan(200);
  expect(Number(large.stdout.split(' ')[0])).toBeLessThan(300);
  expect((await inSmall('sh -c "echo again | cat"')).stdout).toBe('again\n');
});

test('a memory hog is killed inside its jail, whose sshd still answers', async () => {
  const attack = `perl -e '$x = "x" x (1 << 20) x 400; print length $x'`;
  const before = await inSmall('cat /proc/1/stat | cut -d" " -f22; pgrep -o -x sshd');
  expect((await inSmall(`${attack}; echo $?`)).stdout).toBe('137\n');
  expect(await inSmall('cat /proc/1/stat | cut -d" " -f22; pgrep -o -x sshd')).toEqual(before);
  expect((await inLarge(attack)).stdout).toBe(String(400 * 2 ** 20));
});

test('files in memory end before the jail has no memory left', async () => {
  for (const folder of ['/tmp', '/dev/shm', '/run']) {
    expect((await inSmall(`dd if=/dev/zero of=${folder}/fill bs=1M count=400`)).stderr).toContain('No space left');
  }
  expect((await inSmall('rm /tmp/fill /dev/shm/fill /run/fill && echo there')).stdout).toBe('there\n');
});

test('a jail uses no more than its cores', async () => {
  const attack = "perl -e '$end = time + 5; for (1..3) { fork or last } 1 while time < $end'";
  const useCores = async (run: typeof inSmall, jail: string) => {
    const before = await readCpuStat(jail);
    await run(attack);
    const after = await readCpuStat(jail);
    return { cores: (after.usageUs - before.usageUs) / 5e6, stops: after.stops - before.stops };
  };
  const small = await useCores(inSmall, 'rockpro64-1');
  expect(small.cores).toBeLessThan(0.3 * 1.3);
  expect(small.stops).toBeGreaterThanOrEqual(3);
  // How much of the machine the other one gets is the machine's affair; but nobody stops it.
  const large = await useCores(inLarge, 'rockpro64-2');
  expect([large.stops, large.cores > small.cores]).toEqual([0, true]);
});

/** cpu.stat of version 2 has the usage even where the controller is in version 1, which has how often it was stopped. */
async function readCpuStat(jail: string): Promise<{ usageUs: number; stops: number }> {
  const { stdout } = await host.inside(
    'sh',
    '-c',
    'cat /sys/fs/cgroup/labcli/$0/cpu.stat; cat /run/cgroup-v1/cpu*/labcli/$0/cpu.stat 2>/dev/null',
    jail,
  );
  const read = (name: string) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(stdout)?.[1]);
  return { usageUs: read('usage_usec'), stops: read('nr_throttled') };
}

test('a jail reads and writes its disks no faster than it may', async () => {
  const write = 'dd if=/dev/zero of=$0/data bs=1M count=16 oflag=direct 2>&1 | tail -1';
  const read = 'dd if=$0/data of=/dev/null bs=1M iflag=direct 2>&1 | tail -1; rm $0/data';
  const secondsOf = (text: string) => Number(/, ([\d.]+) s,/.exec(text)?.[1]);
  for (const folder of ['/root', '/srv/nfs']) {
    for (const command of [write, read]) {
      const [small, large] = await Promise.all([inSmall, inLarge].map(run => run(`sh -c '${command}' ${folder}`)));
      expect([folder, secondsOf(small?.stdout ?? '') >= 1.7]).toEqual([folder, true]);
      expect([folder, secondsOf(large?.stdout ?? '') >= 1.7]).toEqual([folder, false]);
    }
  }
});

test('the file server has the same limits once more', async () => {
  const script = 'cat /run/cgroup-v1/memory/labcli/$0/memory.limit_in_bytes || cat /sys/fs/cgroup/labcli/$0/memory.max';
  for (const name of ['rockpro64-1', 'rockpro64-1.nfs']) {
    expect((await host.inside('sh', '-c', script, name)).stdout).toBe(`${192 * 1024 ** 2}\n`);
  }
  const members = 'cat /run/cgroup-v1/pids/labcli/$0/cgroup.procs || cat /sys/fs/cgroup/labcli/$0/cgroup.procs';
  const pids = (await host.inside('sh', '-c', members, 'rockpro64-1.nfs')).stdout.trim().split('\n');
  const names = await host.inside('sh', '-c', 'for pid; do cat /proc/$pid/comm; done', 'names', ...pids);
  expect(names.stdout).toContain('ganesha');
});

test('nothing of the limits is left when the jails are gone', async () => {
  await host.killJaild();
  await host.startJaild();
  const answers = await Promise.all([host.remove('rockpro64-1', 1), host.remove('rockpro64-2', 1)]);
  expect(answers.map(({ events }) => events.at(-1))).toEqual([{ event: 'done' }, { event: 'done' }]);
  expect(await host.findTraces()).toEqual([]);
});
