import type { Command } from 'commander';
import type { LabClient } from '../api/client.ts';
import type { Output } from './output.ts';

/** What a verb works with. */
export interface Context {
  readonly client: LabClient;
  readonly output: Output;
  readonly openTerminal: () => Terminal;
  readonly nowMs: () => number;
  /** From now on the program ends as soon as whoever started it over ssh is gone. */
  readonly watchConnection: () => void;
}

/** The user's end of a console. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { isTTY?: boolean; setRawMode?(isRaw: boolean): unknown };
  readonly output: NodeJS.WritableStream;
}

/** Adds the verb to the program. A file of this folder for each; verbs.ts lists them. */
export type AddVerb = (program: Command, context: Context) => void;
