import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { LabError } from '../lab/error.ts';

export type Path = readonly (string | number)[];

/** A YAML file as plain data, and the means to tell mistakes in it with line and column. */
export interface YamlFile {
  readonly content: unknown;
  /** Remembers a mistake in the value at `path`; in its key with `isKey`; in the innermost part that exists otherwise. */
  addMistake(path: Path, sentence: string, isKey?: boolean): void;
  /** Throws all mistakes in one `LabError('usage')`, ordered by place, one a line. */
  throwMistakes(): void;
}

interface Mistake {
  readonly offset: number;
  readonly text: string;
}

/**
 * Reads and parses a file. A file that is not YAML at all is thrown at once, as `LabError('usage')`. No message repeats what
 * the file says, for it may hold passwords.
 */
export function readYamlFile(path: string): YamlFile {
  const name = basename(path);
  const source = readText(path, name);
  const lines = new LineCounter();
  const mistakes: Mistake[] = [];
  const add = (offset: number, at: string, sentence: string) => {
    const { line, col } = lines.linePos(offset);
    mistakes.push({ offset, text: `${name}:${Math.max(line, 1)}:${Math.max(col, 1)}: ${at}${sentence}` });
  };
  const throwMistakes = () => {
    if (mistakes.length === 0) return;
    const texts = mistakes.toSorted((a, b) => a.offset - b.offset).map(({ text }) => text);
    throw new LabError('usage', [...new Set(texts)].join('\n'));
  };

  const document = parse(source, lines, name);
  const linesTold = new Set<number>();
  let isReadable = true;
  const refuse = (offset: number, sentence: string) => {
    // After the first error of a line, the parser finds more that are none.
    const { line } = lines.linePos(offset);
    if (!linesTold.has(line)) add(offset, '', sentence);
    linesTold.add(line);
  };
  for (const { code, pos } of document.errors) {
    refuse(pos[0], syntaxSentences[code] ?? 'this is not YAML');
    // Keys given twice leave a document that can still be checked; other errors would only cause more of them.
    if (code !== 'DUPLICATE_KEY') isReadable = false;
  }
  visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document)) return;
      refuse(startOf(alias) ?? 0, 'this alias has no anchor before it');
      isReadable = false;
    },
  });
  if (!isReadable) throwMistakes();
  if (document.contents === null) {
    add(0, '', 'the file is empty');
    throwMistakes();
  }
  return {
    content: toData(document, name),
    addMistake: (at, sentence, isKey = false) =>
      add(offsetOf(document, at, isKey), at.length ? `${formatPath(at)}: ` : '', sentence),
    throwMistakes,
  };
}

const syntaxSentences: Readonly<Record<string, string>> = {
  ALIAS_PROPS: 'an alias cannot have an anchor or a tag',
  BAD_INDENT: 'the indentation does not fit the lines around it',
  BAD_SCALAR_START: 'a value that begins with this character needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a value with a colon in it needs quotes, or a line of its own',
  DUPLICATE_KEY: 'this key was already given',
  MISSING_CHAR: 'a colon, comma, bracket or quote is missing here, or the indentation is wrong',
  MULTIPLE_DOCS: 'a second document begins here; only one is read',
  TAB_AS_INDENT: 'indent with spaces, not with tabs',
  UNEXPECTED_TOKEN: 'this is unexpected here',
};

function readText(path: string, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      throw new LabError('usage', `${name}:1:1: the file is not UTF-8 text`, { cause: error });
    }
    const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'permission denied' : code;
    throw new LabError('usage', `${path} cannot be read: ${reason}`, { cause: error });
  }
}

function parse(source: string, lines: LineCounter, name: string): Document.Parsed {
  try {
    return parseDocument(source, { lineCounter: lines, prettyErrors: false, version: '1.2', schema: 'core' });
  } catch (error) {
    // The parser recurses: enough brackets fill the stack.
    throw new LabError('usage', `${name}:1:1: the file is nested too deeply`, { cause: error });
  }
}

function toData(document: Document.Parsed, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new LabError('usage', `${name}:1:1: the file uses its aliases far too often`, { cause: error });
  }
}

function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text ? `${text}.${key}` : key),
    '',
  );
}

/** Where the value (or key) at `path` begins; where what should contain it begins when it is not there. */
function offsetOf(document: Document.Parsed, path: Path, isKey: boolean): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, key] of path.entries()) {
    if (isAlias(node)) break;
    if (isMap(node)) {
      const pair = node.items.find(item => isScalar(item.key) && String(item.key.value) === String(key));
      if (!pair) break;
      if (isKey && depth === path.length - 1) return startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
    } else break;
    offset = startOf(node) ?? offset;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return (node as { range?: readonly number[] } | null | undefined)?.range?.[0];
}
