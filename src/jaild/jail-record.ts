import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { JailRequest } from '../api/jail-messages.ts';
import { type JailSpec, layOutJail } from './jail-layout.ts';

/** What jaild keeps beside a jail: for which claim it was built, and from what. */
export interface JailRecord extends JailRequest {
  readonly spec: JailSpec;
}

/** undefined when there is no record, or one that was never finished. */
export function readRecord(board: string): JailRecord | undefined {
  try {
    return JSON.parse(readFileSync(layOutJail(board).claimFile, 'utf8')) as JailRecord;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export function writeRecord(board: string, record: JailRecord): void {
  writeDurably(layOutJail(board).claimFile, JSON.stringify(record));
}

/** After this, the file has the new content even if the power fails; before, the old one. */
export function writeDurably(path: string, content: string): void {
  const draft = `${path}.new`;
  const file = openSync(draft, 'w', 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  const directory = openSync(dirname(path), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
