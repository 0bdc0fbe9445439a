import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from './random.ts';

/** The processes that change the lab. */
export interface Workers {
  /** Changes that were tried. Those whose worker was killed before it said so do not count. */
  readonly tried: number;
  readonly kills: number;
  /** Ends when all have tried their share; rejects when one found what must not be. */
  run(): Promise<void>;
  stop(): void;
}

const program = join(import.meta.dirname, 'worker.ts');

export function createWorkers(options: {
  readonly path: string;
  readonly seed: number;
  readonly events: number;
  readonly count: number;
  readonly random: Random;
}): Workers {
  const { path, seed, events, count, random } = options;
  const running = new Map<number, ChildProcess>();
  let isStopped = false;
  let [tried, kills, starts] = [0, 0, 0];

  /** One worker after the other, until the share of all of them is done. */
  async function keepWorking(index: number): Promise<void> {
    for (let left = Math.ceil(events / count); left > 0 && !isStopped; ) {
      starts += 1;
      // The first one is the time keeper (see worker.ts), whenever it is started again.
      const workerSeed = (seed * 1000 + starts) * 5 + (index % 5);
      const worker = spawn(process.execPath, ['--no-warnings', program, path, `${workerSeed}`, `${left}`]);
      running.set(index, worker);
      let said = '';
      worker.stderr.on('data', data => {
        said += data;
      });
      worker.stdout.on('data', (data: Buffer) => {
        const done = 50 * (data.toString().split('\n').length - 1);
        tried += done;
        left -= done;
      });
      const code = await new Promise<number | null>((resolve, reject) => {
        worker.on('error', reject);
        worker.on('close', resolve);
      });
      running.delete(index);
      if (code === 0) return;
      if (code !== null) throw new Error(`worker ${workerSeed} ended with ${code}: ${said}`);
    }
  }

  async function kill(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(1000 + random.below(5000), undefined, { signal }).catch(() => {});
      if (!signal.aborted && running.get(random.below(count))?.kill('SIGKILL')) kills += 1;
    }
  }

  return {
    get tried() {
      return tried;
    },
    get kills() {
      return kills;
    },
    async run() {
      const done = new AbortController();
      const killing = kill(done.signal);
      try {
        await Promise.all(Array.from({ length: count }, (_, index) => keepWorking(index)));
      } finally {
        done.abort();
        await killing;
      }
    },
    stop() {
      isStopped = true;
      for (const worker of running.values()) worker.kill('SIGKILL');
    },
  };
}
