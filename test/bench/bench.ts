import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { paths } from '../../src/system/paths.ts';
import { run } from '../../src/system/run.ts';
import { converse } from '../../src/vhost/conversation.ts';
import { startVirtualHost, type VirtualHost } from '../../src/vhost/virtual-host.ts';
import { labWithBoards } from '../e2e/many-boards.ts';
import { openBareDoor } from './bare-door.ts';
import { formatMs, formatTable, quantile, type Row, timeMs } from './figures.ts';
import { measureHandOver } from './hand-over.ts';
import { measureLabdAlone } from './labd-alone.ts';
import { measureLargeLab } from './large-lab.ts';
import { proportionalBytes, residentBytes } from './memory.ts';
import { measureNeighbours } from './neighbours.ts';
import { measurePodman } from './podman.ts';
import { measureThroughput } from './throughput.ts';

/** Prints the table of README: how fast the main job is on this machine, in a virtual lab of 20 boards. */
const source = join(import.meta.dirname, '../..');
const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MB`;

async function measureClaims(host: VirtualHost): Promise<Row[]> {
  const socket = host.outside('/run/labcli/host/labd.sock');
  const worker = [process.execPath, join(import.meta.dirname, 'claims.ts'), socket, '20', '20'];
  const output = await run('nsenter', ['--target', String(host.pid), '--net', ...worker], { timeoutMs: 180_000 });
  const measured = JSON.parse(output) as Measured;
  const p = (values: readonly number[]) =>
    `p50 ${formatMs(quantile(values, 0.5))}, p99 ${formatMs(quantile(values, 0.99))}`;
  return [
    { what: 'claim → sshd answers in the jail (20 times)', figure: p(measured.claimMs), aim: 'p50 150 ms' },
    { what: '20 claims at once → all 20 sshd answer', figure: formatMs(measured.atOnceMs), aim: '2.5 s' },
    { what: 'release → board free (20 times)', figure: p(measured.releaseMs), aim: '' },
    { what: '20 releases at once', figure: formatMs(measured.allReleasedMs), aim: '' },
  ];
}

interface Measured {
  readonly claimMs: readonly number[];
  readonly releaseMs: readonly number[];
  readonly atOnceMs: number;
  readonly allReleasedMs: number;
}

/** Pair by pair, in turn, so that a machine that slows down slows both. */
async function measureStatus(host: VirtualHost): Promise<Row[]> {
  const config = await openBareDoor(host);
  const ssh = (...words: readonly string[]) => run('ssh', ['-F', config, ...words], { timeoutMs: 30_000 });
  const status: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < 25; round++) {
    bare.push(await timeMs(() => ssh('bare')));
    status.push(await timeMs(() => ssh('labhost', 'labcli', 'status')));
  }
  const ratios = status.map((ms, index) => ms / (bare[index] ?? Number.NaN));
  return [
    { what: '`ssh labhost labcli status`', figure: `p50 ${formatMs(quantile(status, 0.5))}`, aim: '' },
    { what: 'the same sshd, forced `/bin/true`', figure: `p50 ${formatMs(quantile(bare, 0.5))}`, aim: '' },
    { what: 'ratio of the two', figure: quantile(ratios, 0.5).toFixed(2), aim: '1.12' },
  ];
}

async function measureBoot(host: VirtualHost): Promise<Row[]> {
  const ssh = (...words: readonly string[]) => run('ssh', ['-F', host.sshConfig, ...words], { timeoutMs: 60_000 });
  const promptMs: number[] = [];
  const shellMs: number[] = [];
  await ssh('labhost', 'labcli', 'claim', 'rockpro64');
  // One console for all rounds: a new one would first be shown what the last round said.
  const console = converse('ssh', ['-F', host.sshConfig, 'labhost', 'labcli', 'console']);
  for (let round = 0; round < 3; round++) {
    await ssh('labhost', 'labcli', 'status');
    const start = performance.now();
    const isOn = ssh('labhost', 'labcli', 'power', 'on');
    await console.expect(/U-Boot \d/, 30_000);
    promptMs.push(performance.now() - start);
    await console.expect(/login: /, 60_000);
    shellMs.push(performance.now() - start);
    await isOn;
    await ssh('labhost', 'labcli', 'power', 'off');
  }
  console.kill();
  return [
    { what: 'power on (over ssh) → U-Boot', figure: `p50 ${formatMs(quantile(promptMs, 0.5))}`, aim: '' },
    {
      what: 'power on (over ssh) → login prompt, root on NFS',
      figure: `p50 ${formatMs(quantile(shellMs, 0.5))}`,
      aim: '6 s',
    },
  ];
}

async function measureMemory(host: VirtualHost): Promise<Row[]> {
  const outside = await run('pgrep', ['--ns', String(host.pid), '--nslist', 'pid', '-f', 'lib/labd.js']);
  const { boards } = JSON.parse(
    await run('ssh', ['-F', host.sshConfig, 'labhost', 'labcli', 'status', '--mine', '--json']),
  ) as { boards: { handle: string }[] };
  const labd = residentBytes(Number(outside.trim().split('\n')[0]));
  const jail = proportionalBytes(host.outside('/sys/fs/cgroup'), String(boards[0]?.handle));
  return [
    { what: 'labd, resident', figure: megabytes(labd), aim: '90 MB' },
    { what: 'a jail with its services and file server, proportional set', figure: megabytes(jail), aim: '15 MB' },
  ];
}

/** Where the jails' root file system is, inside the lab host. */
async function currentBase(host: VirtualHost): Promise<string> {
  const [program, ...args] = host.enter('readlink', '-f', paths.jailBase);
  return (await run(program, args)).trim();
}

const directory = mkdtempSync(join(tmpdir(), 'labcli-bench-'));
const host = await startVirtualHost(directory, labWithBoards(20), ['alice', 'bob'], {
  source,
  jailBase: join(source, '.cache/jail-base'),
  bootFiles: join(source, '.cache/boot'),
});
/** The bench takes minutes: each figure is told when it is there. */
const rows: Row[] = [];
async function add(measured: Promise<readonly Row[]>): Promise<void> {
  for (const row of await measured) {
    rows.push(row);
    process.stderr.write(`${row.what}: ${row.figure}\n`);
  }
}

try {
  await add(measureClaims(host));
  await add(measureStatus(host));
  await add(measureHandOver(host));
  await add(measureBoot(host));
  await add(measureMemory(host));
  await add(measurePodman(host, await currentBase(host)));
} finally {
  await host.stop();
  rmSync(directory, { recursive: true, force: true });
}
await add(measureThroughput());
await add(measureLabdAlone());
await add(measureLargeLab());
await add(measureNeighbours());
const { model } = cpus()[0] ?? { model: 'unknown' };
process.stdout.write(`${cpus().length} × ${model}, Node ${process.version}\n\n${formatTable(rows)}\n`);
