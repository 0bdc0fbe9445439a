import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { LabError } from '../lab/error.ts';
import { paths } from '../system/paths.ts';
import type { Bases } from './bases.ts';
import { createCgroup, killCgroup, removeCgroup } from './cgroup.ts';

/** Builds new bases, one at a time, with bin/jail-base. Nothing of it can be chosen by who asks. */
export interface BaseBuilder {
  /** Ends what an earlier jaild left unfinished. */
  clear(): Promise<void>;
  /**
   * Builds a base, from which new jails are made then. `tell` is given the lines that the build writes. Gives the new base's
   * name; throws `LabError` when it was not built or is not fit, and then nothing has changed.
   */
  build(tell: (line: string) => void): Promise<string>;
}

/** No board can have this name. */
const cgroup = '@base';
const mostLines = 10_000;
const keptLines = 12;
const timeLimitMs = 30 * 60_000;
const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function createBaseBuilder(bases: Bases, log: (message: string) => void, limitMs = timeLimitMs): BaseBuilder {
  let isBuilding = false;

  async function clear(): Promise<void> {
    await killCgroup(cgroup);
    removeCgroup(cgroup);
  }

  async function runBuild(tell: (line: string) => void): Promise<void> {
    await clear();
    // In a cgroup of its own, so that all that it starts can be ended.
    const script = 'echo 0 >"$1" && exec "$2" --beside "$3"';
    const args = [createCgroup(cgroup), join(paths.install, 'bin/jail-base'), paths.jailBases];
    const child = spawn('sh', ['-c', script, 'sh', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: searchPath, LANG: 'C.UTF-8', HOME: '/root' },
      cwd: '/',
    });
    const last: string[] = [];
    let count = 0;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', line => {
        last.push(line);
        if (last.length > keptLines) last.shift();
        if (count++ < mostLines) tell(line);
      });
    }
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      void killCgroup(cgroup).catch(error => log(`the build of a base: ${(error as Error).message}`));
    }, limitMs);
    const status = await new Promise<number | string>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    }).finally(() => clearTimeout(timer));
    await clear();
    if (isLate)
      throw new LabError('timeout', `the build of a base took longer than ${Math.round(limitMs / 60_000)} min`);
    if (status === 0) return;
    throw new LabError('device', `no new base was built (${status}); the old one stays\n${last.join('\n')}`, {
      hint: 'what it is made from is on the lab host, in /opt/labcli/jails',
    });
  }

  return {
    clear,
    async build(tell) {
      if (isBuilding) throw new LabError('busy', 'a base is being built already');
      isBuilding = true;
      try {
        await runBuild(tell);
        const base = bases.current();
        log(`the base for new jails is ${base}`);
        void bases.removeUnused();
        return base;
      } finally {
        isBuilding = false;
      }
    },
  };
}
