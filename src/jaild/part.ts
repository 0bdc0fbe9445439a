import type { JailRequest } from '../api/jail-messages.ts';

/** The claim that a jail is built for. */
export interface JailClaim extends JailRequest {
  /** All keys that open it: of its users, and those that were added to the claim. */
  readonly logins: readonly string[];
}

export const partNames = [
  'directory',
  'claim-layer',
  'host-key',
  'namespaces',
  'root-disk',
  'root-fs',
  'nfs-disk',
  'nfs-view',
  'firewall',
  'uplink',
  'board-wire',
  'container',
  'file-server',
  'setup',
] as const;
export type PartName = (typeof partNames)[number];

export type PartState =
  | { readonly state: 'absent' }
  | { readonly state: 'present' }
  /** Something of it is there, but not all, or not running. */
  | { readonly state: 'broken'; readonly reason: string };

export const absent: PartState = { state: 'absent' };
export const present: PartState = { state: 'present' };
export function broken(reason: string): PartState {
  return { state: 'broken', reason };
}

/**
 * One object of the kernel or the disk that a jail is made of. Each call looks at what really is there, and none relies on
 * an earlier one: jaild may have been killed in between.
 */
export interface Part {
  readonly name: PartName;
  /** Parts that this one is made of or stands on: when one of them is made anew, this one must be, too. */
  readonly needs: readonly PartName[];
  inspect(): Promise<PartState>;
  /** Makes the part. Called when it is absent and all that it needs is present. */
  create(claim: JailClaim): Promise<void>;
  /** Removes whatever there is of the part; does nothing when it is absent. */
  remove(): Promise<void>;
}
