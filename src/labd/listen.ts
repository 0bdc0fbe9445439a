import { chmodSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { LabError } from '../lab/error.ts';
import { isAnswered } from '../system/is-answered.ts';

/** Replaces the socket that a killed daemon left. Throws `LabError('busy')` when a daemon answers there. */
export async function listen(server: Server, path: string, mode: number): Promise<void> {
  if (await isAnswered(path)) throw new LabError('busy', `a daemon already listens on ${path}`);
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
  chmodSync(path, mode);
}
