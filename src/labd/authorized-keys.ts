import { renameSync, writeFileSync } from 'node:fs';
import type { User } from '../config/lab-config.ts';

/** Writes who may log in, for sshd's AuthorizedKeysCommand: a line `TYPE BASE64 USER` for each key. All or nothing. */
export function writeAuthorizedKeys(path: string, users: readonly User[]): void {
  const lines = users.flatMap(({ name, keys }) => keys.map(key => `${key} ${name}\n`));
  writeFileSync(`${path}.new`, lines.join(''), { mode: 0o640 });
  renameSync(`${path}.new`, path);
}
