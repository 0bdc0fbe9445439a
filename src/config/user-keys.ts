import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parsePublicKey } from './public-key.ts';

export type KeyLookup = { readonly keys: readonly string[] } | { readonly problem: string };

/**
 * The public keys that one entry of a user's `keys` stands for: itself, or the lines of the .pub file it names (an absolute
 * path, or one that begins with ./ and is meant from `directory`).
 */
export function lookUpKeys(entry: string, directory: string): KeyLookup {
  if (!/^\.{0,2}\//.test(entry)) return collect([entry]);
  let content: string;
  try {
    content = readFileSync(resolve(directory, entry), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { problem: code === 'ENOENT' ? 'there is no such file' : `the file cannot be read: ${code}` };
  }
  const lines = content.split(/\r?\n/).filter(line => line.trim() !== '' && !line.trimStart().startsWith('#'));
  return lines.length ? collect(lines) : { problem: 'the file has no key in it' };
}

function collect(lines: readonly string[]): KeyLookup {
  const keys: string[] = [];
  for (const line of lines) {
    const parsed = parsePublicKey(line);
    if ('problem' in parsed) return parsed;
    keys.push(parsed.key);
  }
  return { keys };
}
