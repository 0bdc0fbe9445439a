import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/system/run.ts';
import type { ModelResult } from './run-model.ts';

/** In memory where that is possible: each change is synced to the disk, and there are many. */
const fastFolder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

const longestRunMs = 280_000;

/** Runs the model on the store below `root`, which is laid out as this project is. */
export async function runModel(
  root: string,
  options: { readonly seed: number; readonly events: number; readonly workers: number },
): Promise<ModelResult> {
  const { seed, events, workers } = options;
  const folder = mkdtempSync(join(fastFolder, 'labcli-model-'));
  try {
    const program = join(root, 'test/model/run-model.ts');
    const numbers = [seed, events, workers].map(String);
    const args = ['--no-warnings', program, join(folder, 'store.db'), ...numbers];
    return JSON.parse(await run(process.execPath, args, { timeoutMs: longestRunMs })) as ModelResult;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
