import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { LabConfig } from '../config/lab-config.ts';
import { LabError } from '../lab/error.ts';
import { isAnswered } from '../system/is-answered.ts';
import { paths } from '../system/paths.ts';
import { lookUpAccount } from './accounts.ts';
import { makeBlankImage, nfsTemplate, rootTemplate } from './disk-images.ts';
import { jailsDirectory, runDirectory } from './jail-layout.ts';

/** Makes the folders that jaild and labd share, and what jails are copied from. */
export async function prepareHost({ boards, classes, jails }: LabConfig): Promise<void> {
  const labd = lookUpAccount('labd');
  makeFolder(paths.jaildState, 0o711);
  makeFolder(jailsDirectory, 0o711);
  makeFolder(runDirectory, 0o750, 0, labd.gid);
  makeFolder(join(runDirectory, 'crun'), 0o700);
  // labd cannot put anything else, such as a link, in the place of a board's folder.
  makeFolder(paths.jailSockets, 0o750, 0, labd.gid);
  for (const { handle } of boards) makeFolder(join(paths.jailSockets, handle), 0o755, labd.uid, labd.gid);
  const booting = new Set(classes.filter(each => each.boot !== undefined).map(each => each.name));
  if (boards.some(board => !booting.has(board.class))) await makeBlankImage(nfsTemplate(null), jails.nfsBytes);
  await makeBlankImage(rootTemplate, jails.rootBytes);
}

function makeFolder(path: string, mode: number, uid = 0, gid = 0): void {
  mkdirSync(dirname(path), { recursive: true });
  mkdirSync(path, { recursive: true });
  chownSync(path, uid, gid);
  chmodSync(path, mode);
}

/** Throws `LabError('usage')` when lab.yaml changes what all jails stand on: that takes a restart. */
export function refuseNewGround(before: LabConfig, after: LabConfig): void {
  for (const key of ['trunk', 'jails'] as const) {
    if (isDeepStrictEqual(before[key], after[key])) continue;
    throw new LabError('usage', `lab.yaml changes \`${key}\`, which cannot be done under the jails that are there`, {
      hint: 'release all boards, then restart jaild and labd',
    });
  }
}

/** Throws `LabError('busy')` when a jaild already answers: two would undo each other's work. */
export async function refuseSecondJaild(socketPath: string): Promise<void> {
  if (await isAnswered(socketPath)) throw new LabError('busy', 'a jaild already runs on this host');
}
