import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { paths } from '../system/paths.ts';
import { run } from '../system/run.ts';
import { mountsBelow, unmount } from './mounts.ts';
import { pinNamespaces } from './pin-namespaces.ts';

const directory = '/run/labcli/probe';
/** No board's: the first after the range of VLAN 4094. */
const uidBase = 0x6ffe_0000 + 4095 * 65_536;

/**
 * Makes, of the real base, what a jail's root is made of, and takes it away again: kernel and file system can be too old for any of
 * it. Gives the reason why it cannot be done.
 */
export async function probeRootFs(): Promise<string | undefined> {
  const [disk, base, root] = ['disk', 'base', 'root'].map(name => join(directory, name)) as [string, string, string];
  const pins = { userPin: join(directory, 'user'), netPin: join(directory, 'net') };
  try {
    await clear();
    for (const path of [disk, base, root]) mkdirSync(path, { recursive: true });
    await pinNamespaces('make', uidBase, pins, [
      { source: paths.jailBase, target: base, flags: ['idmap', 'ro', 'nodev'] },
    ]);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'labcli', disk]);
    const [upper, work] = [join(disk, 'upper'), join(disk, 'work')];
    for (const path of [upper, work]) mkdirSync(path);
    await run('mount', ['-t', 'overlay', '-o', `lowerdir=${base},upperdir=${upper},workdir=${work}`, 'labcli', root]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await clear();
  }
}

async function clear(): Promise<void> {
  await unmount(...mountsBelow(directory));
  rmSync(directory, { recursive: true, force: true });
}
