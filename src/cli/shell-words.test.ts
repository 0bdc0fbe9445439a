import fc from 'fast-check';
import { LabError } from '../lab/error.ts';
import { splitWords } from './shell-words.ts';

test.each<[line: string, words: string[]]>([
  ['', []],
  ['  ', []],
  ['labcli claim rockpro64', ['labcli', 'claim', 'rockpro64']],
  ['  a   b  ', ['a', 'b']],
  [`'a b' "c d" e\\ f`, ['a b', 'c d', 'e f']],
  [`a'b'"c"d`, ['abcd']],
  [`'' ""`, ['', '']],
  [`'$(id)'`, ['$(id)']],
  [`'a\\b'`, ['a\\b']],
  [`"a\\"b\\\\c\\d"`, ['a"b\\c\\d']],
  ['\\$x \\;', ['$x', ';']],
  ['größe=1 --json', ['größe=1', '--json']],
])('%j is %j', (line, words) => {
  expect(splitWords(line)).toEqual(words);
});

test.each([
  ...';&|<>()$`*?[]{}~#!',
  '"$x"',
  '"`id`"',
  "'open",
  '"open',
  '"open\\"',
  'end\\',
  'a\nb',
  'a\tb',
  'a\0b',
  'a\u009bb',
  'a\u007fb',
  'a\ufffdb',
  'x'.repeat(8193),
])('%j is refused', line => {
  expect(() => splitWords(line)).toThrow(LabError);
});

test('what a shell would quote comes back as it was', () => {
  const word = fc.string({ unit: 'grapheme', maxLength: 20 }).filter(text => !/[\p{Cc}\ufffd]/u.test(text));
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), words => {
      const line = words.map(text => `'${text.replaceAll("'", "'\\''")}'`).join(' ');
      expect(splitWords(line)).toEqual(words);
    }),
  );
});
