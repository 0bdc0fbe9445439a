import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LabUnderTest, startLab } from './lab-under-test.ts';

const read = (path: string) => readFileSync(join(import.meta.dirname, '../..', path), 'utf8');
const readme = read('README.md');
const prefix = 'ssh -F .lab/ssh_config ';
/** The first block of shell commands of a document: run in its order. */
const commandsOf = (path: string) => (/```sh\n([\s\S]*?)```/.exec(read(path))?.[1] ?? '').trim().split('\n');
const documents = ['README.md', 'docs/reservations.md'];
const shown = documents.flatMap(path => commandsOf(path).map(command => [path, command] as const));

let lab: LabUnderTest;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab?.stop());

test.each(documents)('%s shows commands to look around with', path => {
  const commands = commandsOf(path);
  expect(commands.length).toBeGreaterThan(8);
  for (const command of commands) expect(command.startsWith(prefix)).toBe(true);
});

test.each(shown)(
  '%s: %s',
  async (_path, command) => {
    const [destination = '', ...words] = command.slice(prefix.length).split(' ');
    const { code, stdout, stderr } = await lab.ssh(destination, ...words);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.trim()).not.toBe('');
  },
  60_000,
);

test('help lists each command of the table in README', async () => {
  const verbs = [...readme.matchAll(/^\| `([a-z-]+)[ `]/gm)].map(match => match[1]);
  expect(verbs.length).toBeGreaterThan(6);
  const { stdout } = await lab.ssh('labhost', 'labcli', 'help');
  for (const verb of verbs) expect(stdout).toContain(verb);
});
