import type { Claim } from '../lab/claim.ts';
import type { ErrorMessage } from '../lab/error.ts';

/**
 * What jaild says and hears, on a socket that labd alone can open. A caller names a board and a claim, and nothing else:
 * paths, devices, addresses and keys come from lab.yaml, which jaild reads itself.
 *
 * | method and path           | request      | answer |
 * |---------------------------|--------------|--------|
 * | GET    /v1/jails          | ?board=      | JailList; of that board alone, if one is named |
 * | PUT    /v1/jails/:board   | JailRequest  | JailEvent, one JSON object a line; builds what is missing |
 * | POST   /v1/jails/:board/renew | JailRequest | {}; a jail that is there follows its claim: who may log in, until when |
 * | POST   /v1/reload         |              | {}; reads lab.yaml again |
 * | GET    /v1/host-authority |              | HostAuthorityKey |
 * | PUT    /v1/jails/:board/exports | ExportsRequest | ExportList; what the jail's /etc/exports says is exported from now on |
 * | DELETE /v1/jails/:board   | ?epoch=      | JailEvent, one JSON object a line; ends only when absence is verified |
 *
 * An epoch older than the newest that jaild has seen for the board is refused with `busy`.
 */
export type JailRequest = Pick<Claim, 'epoch' | 'user' | 'expiresAtMs'> & Partial<Pick<Claim, 'sharedWith' | 'keys'>>;

/** What vouches for the host keys of all jails. */
export interface HostAuthorityKey {
  /** A line as in an OpenSSH .pub file, without its end. */
  readonly publicKey: string;
}

export interface JailList {
  readonly jails: readonly ObservedJail[];
}

/** What jaild finds of one board's jail in the kernel and on the disk. A board without any trace is not listed. */
export interface ObservedJail {
  readonly board: string;
  /** The claim that the jail was built for; 0 when even that is not known. */
  readonly epoch: number;
  /** `complete` when every part is there and running; else what is missing or broken, in words. */
  readonly state: 'complete' | 'partial';
  readonly missing: readonly string[];
}

export type JailEvent =
  | { readonly event: 'step'; readonly step: string; readonly state: 'started' | 'done'; readonly elapsedMs: number }
  | { readonly event: 'done' }
  | { readonly event: 'error'; readonly error: ErrorMessage };

/** `text` comes from the jail as it is, and is read by jaild alone. */
export interface ExportsRequest {
  readonly epoch: number;
  readonly text: string;
}

/** Folders of the jail that the board can mount: `/srv/nfs`, or below it. */
export interface ExportList {
  readonly exports: readonly string[];
}

/** Characters of an /etc/exports. */
export const longestExports = 16_384;

/** What is told of the build of a base: the lines that it writes, and the name of the new base. */
export type BaseEvent =
  | { readonly event: 'line'; readonly line: string }
  | { readonly event: 'done'; readonly base: string }
  | { readonly event: 'error'; readonly error: ErrorMessage };
