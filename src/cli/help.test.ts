import { LabError } from '../lab/error.ts';
import { boards, claim, run } from './cli-under-test.ts';
import { examples } from './examples.ts';
import { splitWords } from './shell-words.ts';
import { verbs } from './verbs.ts';

const helpPaths = [
  '',
  ...Object.keys(verbs),
  ...['release', 'offline', 'online', 'maintenance', 'check', 'reload', 'jail-base'].map(name => `admin ${name}`),
];

test.each(helpPaths)('help %s fits a terminal, explains each option, and is what --help prints', async words => {
  const path = words.split(' ').filter(word => word !== '');
  const { code, stdout } = await run(['help', ...path]);
  expect(code).toBe(0);
  for (const line of stdout.split('\n').filter(line => !line.startsWith('  ssh '))) {
    expect(line.length).toBeLessThanOrEqual(80);
    expect(line).not.toMatch(/^ {2}(-[^ ]+|[a-z]+)( <[a-z]+>)?$/);
  }
  expect(await run([...path, '--help'])).toMatchObject({ code: 0, stdout });
});

test.each(Object.entries(examples).flatMap(([path, lines]) => lines.map(line => [path, line] as const)))(
  'the example of %s can be typed: %s',
  async (path, line) => {
    // What the user's own shell makes of it, and then sshd.
    const typed = line
      .replace(/ [<>][^ ]+$/g, '')
      .replace(/ [<>][^ ]+$/g, '')
      .replace(/"([^"]*)"/g, '$1');
    const words = splitWords(typed.replace('$(cat colleague.pub)', 'ssh-ed25519 AAAA colleague'));
    expect(words.join(' ')).toMatch(new RegExp(`^${path}( |$)`));
    const board = { ...boards[0], bars: [] };
    const call = async () => ({ claim, board, claims: [], handles: [], addressPatterns: [], authority: '' }) as never;
    const loadRunner = async () => {
      throw new LabError('timeout', 'understood');
    };
    const { code, stderr } = await run(words, { call }, { loadRunner });
    // What is followed ends only with labd.
    const ends: Readonly<Record<string, number>> = { run: 208, 'events --follow --json': 7 };
    const expected = ends[line] ?? ends[path] ?? 0;
    expect({ code, stderr: code === expected ? '' : stderr }).toEqual({ code: expected, stderr: '' });
  },
);
