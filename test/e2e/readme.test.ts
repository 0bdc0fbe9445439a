import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LabUnderTest, startLab } from './lab-under-test.ts';

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
const prefix = 'ssh -F .lab/ssh_config ';
const commands = (/```sh\n([\s\S]*?)```/.exec(readme)?.[1] ?? '').trim().split('\n');

let lab: LabUnderTest;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab?.stop());

test('README shows commands to look around with', () => {
  expect(commands.length).toBeGreaterThan(8);
  for (const command of commands) expect(command.startsWith(prefix)).toBe(true);
});

test.each(commands)(
  'README: %s',
  async command => {
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
