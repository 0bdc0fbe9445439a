import { LabError } from '../lab/error.ts';

const lengthLimit = 8192;

/**
 * Splits a command line into words as a POSIX shell does with quotes and backslashes, and with nothing else: what else would
 * mean something to a shell (a semicolon, `$(`, a star) is refused with `LabError('usage')`, never passed on. The text is
 * what sshd put into the environment.
 */
export function splitWords(line: string): string[] {
  refuseOddText(line);
  const words: string[] = [];
  let word: string | undefined;
  let index = 0;
  while (index < line.length) {
    const character = line[index] as string;
    if (character === ' ') {
      if (word !== undefined) words.push(word);
      word = undefined;
      index += 1;
      continue;
    }
    const part = readPart(line, index);
    word = (word ?? '') + part.text;
    index = part.end;
  }
  return word === undefined ? words : [...words, word];
}

interface Part {
  readonly text: string;
  /** Index of the first character after the part. */
  readonly end: number;
}

function readPart(line: string, start: number): Part {
  const character = line[start] as string;
  switch (character) {
    case "'": {
      const end = line.indexOf("'", start + 1);
      if (end < 0) throw new LabError('usage', 'a single quote is not closed');
      return { text: line.slice(start + 1, end), end: end + 1 };
    }
    case '"':
      return readDoubleQuoted(line, start + 1);
    case '\\': {
      const escaped = line[start + 1];
      if (escaped === undefined) throw new LabError('usage', 'the command ends with a backslash');
      return { text: escaped, end: start + 2 };
    }
    default:
      if (/[;&|<>()$`*?[\]{}~#!]/.test(character)) throw meaningless(character);
      return { text: character, end: start + 1 };
  }
}

function readDoubleQuoted(line: string, start: number): Part {
  let text = '';
  for (let index = start; index < line.length; index++) {
    let character = line[index] as string;
    if (character === '"') return { text, end: index + 1 };
    if (character === '$' || character === '`') throw meaningless(character);
    // POSIX 2.2.3: between double quotes, a backslash escapes only these.
    if (character === '\\' && /["\\$`]/.test(line[index + 1] ?? '')) {
      index += 1;
      character = line[index] as string;
    }
    text += character;
  }
  throw new LabError('usage', 'a double quote is not closed');
}

function refuseOddText(line: string): void {
  if (line.length > lengthLimit) {
    throw new LabError('usage', `the command has ${line.length} characters; ${lengthLimit} is the most`);
  }
  // Node decodes the environment as UTF-8, and puts U+FFFD where bytes are none.
  if (line.includes('\ufffd')) throw new LabError('usage', 'the command is not UTF-8 text');
  const odd = /\p{Cc}/u.exec(line)?.[0];
  if (odd === '\n' || odd === '\r') throw new LabError('usage', 'a command is one line; this one has a line break');
  if (odd !== undefined) {
    const code = odd.charCodeAt(0).toString(16).padStart(2, '0');
    throw new LabError('usage', `the command has a control character (0x${code})`);
  }
}

function meaningless(character: string): LabError {
  const hint = 'ssh takes quotes away: quote it twice, "\'like this\'"; `labcli help` lists the commands';
  return new LabError('usage', `${character} has no meaning here: labcli is not a shell`, { hint });
}

/** A word that a POSIX shell reads as it is. */
export function quoteWord(word: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
