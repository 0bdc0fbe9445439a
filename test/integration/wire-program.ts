import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Trunk } from '../../src/config/lab-config.ts';
import { bundleProgram } from './bundle-program.ts';
import { readOutcomes, type TestOutcome } from './told-outcomes.ts';

export interface WireRun {
  readonly outcomes: readonly TestOutcome[];
  /** What else was written, which says why there are no outcomes. */
  readonly log: string;
}

const source = join(import.meta.dirname, '../..');

/**
 * Runs run-board-wire.ts on a lab host that `start` makes from a folder, which it may show elsewhere as `shownAs`, and the
 * command line that it is given.
 */
export async function runWireTests(
  via: Trunk['via'],
  start: (directory: string, command: readonly string[]) => Promise<string>,
  shownAs?: string,
): Promise<WireRun> {
  const directory = mkdtempSync(join(tmpdir(), 'labcli-wire-'));
  try {
    await bundleProgram('run-board-wire', directory);
    const script = join(import.meta.dirname, 'wire-host.sh');
    const log = await start(directory, ['sh', script, via, shownAs ?? directory, source, process.execPath]);
    return { outcomes: readOutcomes(join(directory, 'outcomes')), log };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
