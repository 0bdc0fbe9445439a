import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../src/system/run.ts';
import type { JailTest } from './vlan-jail.contract.ts';

/** What lab.yaml says where these tests run. */
export const version2Limits = { memory: '192M', processes: 100, cpu: 0.5, io: '4M' } as const;
const mebibyte = 2 ** 20;
const cgroups = '/sys/fs/cgroup/labcli';
const jail = 'rockpro64-1';
const timeoutMs = 60_000;

/** The cgroup limits of lab.yaml, where the kernel has its controllers in version 2: there is one jail, of the board rockpro64-1. */
export const version2LimitsContract: readonly JailTest[] = [
  {
    name: 'cgroup v2: jail and file server have the limits of lab.yaml',
    async check() {
      for (const name of [jail, `${jail}.nfs`]) {
        assert.equal(readSetting(name, 'memory.max'), String(192 * mebibyte));
        assert.equal(readSetting(name, 'memory.swap.max'), '0');
        assert.equal(readSetting(name, 'pids.max'), '100');
        assert.equal(readSetting(name, 'cpu.max'), '500000 1000000');
      }
      const disks = readSetting(jail, 'io.max').split('\n');
      assert.ok(disks.length >= 2, `${disks}`);
      for (const disk of disks) assert.match(disk, /rbps=4194304 wbps=4194304 /);
    },
  },
  {
    name: 'cgroup v2: processes cannot be more than the limit',
    async check() {
      const bomb =
        'my @c; while (defined(my $p = fork)) { $p or sleep 99, exit; push @c, $p; last if @c > 300 } print scalar(@c), " ", $!+0; kill 9, @c';
      const [inside = 0, error] = (await runInJail('perl', '-e', bomb)).split(' ').map(Number);
      assert.equal(error, 11);
      assert.ok(inside > 20 && inside < 100, `${inside} processes`);
      assert.match(await run('perl', ['-e', bomb], { timeoutMs }), /^301 /);
    },
  },
  {
    name: 'cgroup v2: a memory hog is killed, and nothing else',
    async check() {
      const hog = 'my $x = "x" x (1 << 20) x 250; print length $x';
      const before = readFileSync(join(cgroups, jail, 'cgroup.procs'), 'utf8');
      assert.equal(await runInJail('sh', '-c', 'perl -e "$0"; echo $?', hog), '137\n');
      assert.match(readSetting(jail, 'memory.events'), /^oom_kill 1$/m);
      assert.equal(readFileSync(join(cgroups, jail, 'cgroup.procs'), 'utf8'), before);
      assert.equal(await run('perl', ['-e', hog], { timeoutMs }), String(250 * mebibyte));
    },
  },
  {
    name: 'cgroup v2: a jail uses no more than its cores',
    async check() {
      const stops = () => Number(/^nr_throttled (\d+)$/m.exec(readSetting(jail, 'cpu.stat'))?.[1]);
      const before = stops();
      await runInJail('perl', '-e', '$end = time + 4; 1 while time < $end');
      assert.ok(stops() - before >= 2, `stopped ${stops() - before} times`);
    },
  },
  {
    name: 'cgroup v2: a jail reads and writes its disks no faster than it may',
    async check() {
      const write = (folder: string) => [
        'dd',
        'if=/dev/zero',
        `of=${folder}/data`,
        'bs=1M',
        'count=12',
        'oflag=direct',
      ];
      const read = (folder: string) => ['dd', `if=${folder}/data`, 'of=/dev/null', 'bs=1M', 'iflag=direct'];
      for (const folder of ['/root', '/srv/nfs']) {
        for (const copy of [write, read]) {
          const seconds = await secondsOf(() => runInJail(...copy(folder)));
          assert.ok(seconds > 2, `${copy(folder).join(' ')} took ${seconds} s`);
        }
        await runInJail('rm', `${folder}/data`);
      }
      const outside = await secondsOf(() => run('dd', write('/disk').slice(1), { timeoutMs }));
      await run('rm', ['/disk/data']);
      assert.ok(outside < 2, `outside it took ${outside} s`);
    },
  },
];

function readSetting(container: string, file: string): string {
  return readFileSync(join(cgroups, container, file), 'utf8').trim();
}

async function secondsOf(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return (performance.now() - start) / 1000;
}

/** Runs a program as root of the jail, with its limits and files. */
function runInJail(...command: readonly string[]): Promise<string> {
  const script =
    'echo 0 >"$0/cgroup.procs" && pid=$1 && shift && exec nsenter --target "$pid" --user --mount --root --wd=/ -- "$@"';
  const [pid = ''] = readFileSync(join(cgroups, jail, 'cgroup.procs'), 'utf8').split('\n');
  return run('sh', ['-c', script, join(cgroups, jail), pid, ...command], { timeoutMs });
}
