import type { BaseEvent, ObservedJail } from '../api/jail-messages.ts';
import type { Claim } from '../lab/claim.ts';

/** labd's view of jaild. Throws jaild's own `LabError`s, and `unreachable` when it is not there or goes away. */
export interface Jails {
  /** The jails of which there is a trace; with a board, of that board alone, which is cheaper. */
  inspect(board: string | undefined, signal: AbortSignal): Promise<readonly ObservedJail[]>;
  /** Builds what is missing of the claim's jail. Can be called again after any failure. */
  build(claim: Claim, signal: AbortSignal): Promise<void>;
  /** Lets a live jail follow its claim: who may log in, until when. Does nothing where there is no jail of the claim. */
  renew(claim: Claim, signal: AbortSignal): Promise<void>;
  /** Lets jaild read lab.yaml again. Throws when it is wrong; then nothing has changed. */
  reload(signal: AbortSignal): Promise<void>;
  /** Gives the paths that the jail's board can mount now; `text` is the jail's /etc/exports. */
  applyExports(claim: Claim, text: string, signal: AbortSignal): Promise<readonly string[]>;
  /** What vouches for the host keys of all jails: a line as in a .pub file. */
  readHostAuthority(signal: AbortSignal): Promise<string>;
  /** Builds a new base for jails to come. The events end with `done`, or throw; throws `busy` at once while one is built. */
  buildBase(signal: AbortSignal): Promise<AsyncIterable<BaseEvent>>;
  /** Removes the board's jail, whatever there is of it, and comes back when its absence is verified. */
  remove(board: string, epoch: number, signal: AbortSignal): Promise<void>;
}
