import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../lab/error.ts';
import { writeDurably } from './jail-record.ts';

/** Keeps the newest epoch of each board, in a file each, so that nobody acts for a claim that is over. */
export interface EpochFence {
  /** Throws `LabError('busy')` when a newer epoch was seen before. */
  check(board: string, epoch: number): void;
  /** Checks, and from then on takes the epoch for the newest. */
  pass(board: string, epoch: number): void;
}

export function createEpochFence(directory: string): EpochFence {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const fileOf = (board: string) => join(directory, board);

  function check(board: string, epoch: number): void {
    const newest = readEpoch(fileOf(board));
    if (epoch < newest) {
      throw new LabError('busy', `${board}: epoch ${epoch} is over, the newest claim has ${newest}`);
    }
  }

  return {
    check,
    pass(board, epoch) {
      check(board, epoch);
      if (epoch > readEpoch(fileOf(board))) writeDurably(fileOf(board), `${epoch}\n`);
    },
  };
}

function readEpoch(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
