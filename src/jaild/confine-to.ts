import { join } from 'node:path';
import { LabError } from '../lab/error.ts';
import { paths } from '../system/paths.ts';
import { run } from '../system/run.ts';

/** Numbers of setns(2), mount(2), pivot_root(2) and umount2(2). */
const systemCalls: Readonly<
  Record<string, readonly [setns: number, mount: number, pivotRoot: number, umount: number]>
> = {
  x64: [308, 165, 155, 166],
  arm64: [268, 40, 41, 39],
};

/** Leaves the processes in the mount namespace of `pid` the mount at `path`, which keeps its path, and nothing else. */
export async function confineTo(pid: number, path: string): Promise<void> {
  const calls = systemCalls[process.arch];
  if (!calls) throw new LabError('device', `jaild does not know the system calls of ${process.arch}`);
  await run('perl', [join(paths.install, 'jails/confine-to.pl'), ...calls.map(String), String(pid), path]);
}
