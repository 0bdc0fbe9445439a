import { readFileSync } from 'node:fs';
import { LabError } from '../lab/error.ts';

export interface AccountIds {
  readonly uid: number;
  readonly gid: number;
}

/** Looks up a system account in /etc/passwd, where set-up puts it. Throws `LabError('device')` when it is not there. */
export function lookUpAccount(name: string): AccountIds {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find(each => each.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) {
    throw new LabError('device', `this host has no account ${name}`, { hint: `useradd --system ${name}` });
  }
  return { uid: Number(uid), gid: Number(gid) };
}
