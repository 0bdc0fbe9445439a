import type { Readable, Writable } from 'node:stream';
import type { Command } from 'commander';
import type { LabClient } from '../api/client.ts';
import type { Output } from './output.ts';

/** What a verb works with. */
export interface Context {
  readonly client: LabClient;
  readonly output: Output;
  readonly openTerminal: () => Terminal;
  readonly nowMs: () => number;
  /** When whoever started the program over ssh is gone, `onLost` is called, or the program ends at once without it. */
  readonly watchConnection: (onLost?: () => void) => void;
  /** Calls back for each signal that would end the program (`INT`, `TERM`, `HUP`); gives what ends that. */
  readonly onSignal: (callback: (name: string) => void) => () => void;
  /** What few commands need is loaded when it is. */
  readonly loadRunner: () => Promise<typeof import('./run-in-jail.ts')>;
  /** The exit code when the verb ends well, if not 0. */
  readonly exitWith: (code: number) => void;
}

/** The user's end of a console. */
export interface Terminal {
  readonly input: Readable & { isTTY?: boolean; setRawMode?(isRaw: boolean): unknown };
  readonly output: Writable;
  readonly errors: Writable;
}

/** Adds the verb to the program. A file of this folder for each; verbs.ts lists them. */
export type AddVerb = (program: Command, context: Context) => void;
