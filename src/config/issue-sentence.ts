import type { z } from 'zod';
import { nearestName } from '../lab/nearest-name.ts';
import type { Path, YamlFile } from './yaml-file.ts';

/** Adds what zod found wrong below `base` to the file's mistakes, as sentences. Values are not repeated: they may be secret. */
export function addIssues(file: YamlFile, issues: readonly z.core.$ZodIssue[], base: Path = []): void {
  for (const issue of issues) {
    const path = [...base, ...issue.path.map(key => (typeof key === 'number' ? key : String(key)))];
    if (issue.code !== 'unrecognized_keys') {
      file.addMistake(path, sentenceOf(issue, valueAt(file.content, path)));
      continue;
    }
    const known = issue.message.split(' ');
    for (const key of issue.keys) file.addMistake([...path, key], unknownKey(key, known), true);
  }
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearestName(key, known);
  return near ? `unknown key; did you mean ${near}?` : `unknown key; the keys here are ${known.join(', ')}`;
}

function sentenceOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'invalid_type') {
    return value === undefined ? 'this is missing' : `expected ${kindOf(issue.expected)}, but this is ${typeOf(value)}`;
  }
  const choices = choicesOf(issue);
  if (!choices) return issue.message;
  return value === undefined ? 'this is missing' : `this must be ${joinChoices(choices.map(String))}`;
}

function choicesOf(issue: z.core.$ZodIssue): readonly unknown[] | undefined {
  if (issue.code === 'invalid_value') return issue.values;
  if (issue.code !== 'invalid_union') return undefined;
  // zod tells the choices of a discriminator, but not in its types.
  return (issue as { options?: readonly unknown[] }).options;
}

function joinChoices(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function kindOf(expected: string): string {
  const kinds: Readonly<Record<string, string>> = {
    string: 'text',
    int: 'a whole number',
    number: 'a number',
    array: 'a list',
    object: 'a block of keys',
  };
  return kinds[expected] ?? expected;
}

function typeOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a block of keys';
  if (typeof value === 'string') return 'text';
  if (typeof value !== 'number') return String(value);
  return Number.isInteger(value) ? 'a number' : 'a fraction';
}

function valueAt(content: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<string | number, unknown> | null | undefined)?.[key],
    content,
  );
}
