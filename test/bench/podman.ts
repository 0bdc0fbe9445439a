import { run } from '../../src/system/run.ts';
import type { VirtualHost } from '../../src/vhost/virtual-host.ts';
import { formatMs, quantile, type Row, timeMs } from './figures.ts';

/**
 * A container of the same root file system, started by podman: without an address, a file server, limits or a disk of its own, until
 * its first program has run. The peer of a claim.
 */
export async function measurePodman(host: VirtualHost, rootFs: string): Promise<Row[]> {
  const folders = ['--root=/run/podman/root', '--runroot=/run/podman/run', '--cgroup-manager=cgroupfs'];
  const limits = ['--ulimit=nofile=1024:1024', '--ulimit=nproc=1024:1024'];
  const start = ['run', '--rm', '--network=none', '--cgroups=disabled', ...limits, '--rootfs', `${rootFs}:O`, 'true'];
  const [program, ...args] = host.enter('podman', ...folders, ...start);
  const podman = () => run(program, args, { timeoutMs: 60_000 });
  await podman();
  const ms: number[] = [];
  for (let round = 0; round < 10; round++) ms.push(await timeMs(podman));
  const what = '`podman run` of the same root file system, without network, services and limits';
  return [{ what, figure: `p50 ${formatMs(quantile(ms, 0.5))}`, aim: '' }];
}
