import { existsSync, writeFileSync } from 'node:fs';
import type { JailLimits } from '../../config/lab-config.ts';
import { LabError } from '../../lab/error.ts';
import { setupPath } from '../claim-files.ts';
import type { JailLayout, JailSpec } from '../jail-layout.ts';
import type { Limiter } from '../limiter.ts';
import { absent, type Part, present } from '../part.ts';
import { runInContainer } from '../run-in-container.ts';

const mostBytes = 64 * 1024;
const toldLines = 12;

/**
 * The script that the board's class has for fresh jails. It runs once, when all the rest is there: neither a part that is made anew
 * nor a reboot of the lab host runs it again, for the mark goes away with the jail's folder alone. A script that fails has run, too.
 */
export function createSetup(
  { board }: JailSpec,
  timeoutMs: number,
  layout: JailLayout,
  limiter: Limiter,
  limits: JailLimits,
): Part {
  const { handle } = board;
  return {
    name: 'setup',
    needs: ['container', 'host-key', 'firewall', 'uplink', 'board-wire', 'file-server'],
    inspect: async () => (existsSync(layout.setupMark) ? present : absent),
    async create() {
      if (existsSync(layout.setupMark)) return;
      const { joinFiles } = limiter.prepare(handle, limits, [layout.rootDisk, layout.nfsMount]);
      const run = await runInContainer(handle, joinFiles, [`/${setupPath}`], { timeoutMs, mostBytes });
      writeFileSync(layout.setupMark, run.output, { mode: 0o600 });
      if (run.status === 0) return;
      const how = run.isTimedOut ? `took longer than ${timeoutMs / 1000} s` : `ended with ${run.status}`;
      const lines = run.output.trim().split('\n').slice(-toldLines);
      throw new LabError('device', [`the set-up of the jail of ${handle} ${how}`, ...lines].join('\n').trim(), {
        hint: "it is a script of the board's class: tell the lab's admin",
      });
    },
    remove: async () => {},
  };
}
