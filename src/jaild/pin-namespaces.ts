import { join } from 'node:path';
import { LabError } from '../lab/error.ts';
import { paths } from '../system/paths.ts';
import { run } from '../system/run.ts';
import type { JailLayout } from './jail-layout.ts';

export interface BindView {
  readonly source: string;
  readonly target: string;
  readonly flags: readonly ('idmap' | 'ro' | 'nosuid' | 'nodev' | 'noexec')[];
}

/** Numbers of unshare(2) and mount(2). */
const systemCalls: Readonly<Record<string, readonly [unshare: number, mount: number]>> = {
  x64: [272, 165],
  arm64: [97, 40],
};

/**
 * Makes the jail's user and network namespaces and pins them (`make`; `make-nesting` if more of them may be made inside), or
 * takes those that are pinned (`use`), and binds `views`; `idmap` shows a source's uid 0 as the jail's.
 * `settings` are keys of /proc/sys/net in a namespace that is made.
 */
export async function pinNamespaces(
  mode: 'make' | 'make-nesting' | 'use',
  uidBase: number,
  layout: Pick<JailLayout, 'userPin' | 'netPin'>,
  views: readonly BindView[],
  settings: Readonly<Record<string, number>> = {},
): Promise<void> {
  const calls = systemCalls[process.arch];
  if (!calls) throw new LabError('device', `jaild does not know the system calls of ${process.arch}`);
  await run('perl', [
    join(paths.install, 'jails/pin-namespaces.pl'),
    mode,
    String(uidBase),
    ...calls.map(String),
    layout.userPin,
    layout.netPin,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    ...views.flatMap(({ source, target, flags }) => [source, target, flags.join(',')]),
  ]);
}
