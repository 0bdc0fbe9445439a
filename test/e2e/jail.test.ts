import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClaimedBoard, PowerAnswer } from '../../src/api/messages.ts';
import { type Conversation, converse } from '../../src/vhost/conversation.ts';
import { type LabUnderTest, startLab } from './lab-under-test.ts';

/** What docs/jail.md shows, in a jail whose board has booted: the real terminal programs, and curl. */
const document = readFileSync(join(import.meta.dirname, '../../docs/jail.md'), 'utf8');
const [listeners = [], requests = []] = [...document.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) =>
  block.trim().split('\n'),
);
const programs = [...document.matchAll(/^\| `((?:labcli|tio|picocom|cu) [^`]+)` \| (.*?) \|$/gm)].map(
  ([, program = '', keys = '']) => [program, keys] as const,
);
const codeOf: Readonly<Record<string, string>> = {
  'Ctrl-]': '\x1d',
  'Ctrl-t': '\x14',
  'Ctrl-a': '\x01',
  'Ctrl-x': '\x18',
  Enter: '\r',
};

let lab: LabUnderTest;
let board: string;
let shell: Conversation;
beforeAll(async () => {
  lab = await startLab();
  ({ board } = await lab.json<ClaimedBoard>('alice', 'claim', 'rockpro64', '--power'));
  shell = converse('ssh', ['-F', lab.host.sshConfig, 'labhost', 'labcli', 'console', board]);
  await shell.expect(/login: /, 90_000);
  shell.write('root\r');
  await shell.expect(/# /, 10_000);
}, 120_000);
afterAll(async () => {
  shell?.kill();
  await lab?.stop();
});

const inJail = (command: string) => lab.ssh(board, command);
let serial = 40;

test('the document shows what is tested here', () => {
  expect(programs.map(([program]) => program.split(' ')[0])).toEqual(['labcli', 'tio', 'picocom', 'cu']);
  expect([listeners.length, requests.length]).toEqual([3, 6]);
});

test.each(programs)(
  '%s: what is typed reaches the board, what it says is seen, and %s leaves',
  async (program, keys) => {
    serial += 1;
    const terminal = converse('ssh', ['-tt', '-e', 'none', '-F', lab.host.sshConfig, board, program]);
    try {
      // tio and picocom say when they are ready, the others do not: the line may drop what is typed before.
      await sleep(1500);
      terminal.write('\r');
      await terminal.expect(/# /, 15_000);
      terminal.write(`echo seen-$((${serial}+1000))\r`);
      await terminal.expect(new RegExp(`seen-${serial + 1000}`), 10_000);
      terminal.write(
        keys
          .split(' ')
          .map(key => codeOf[key] ?? key)
          .join(''),
      );
      expect(await terminal.end(8000)).toBe(0);
    } finally {
      terminal.kill();
    }
  },
  60_000,
);

test.each(listeners)(
  '%s hears the board',
  async command => {
    serial += 1;
    const listener = converse('ssh', ['-F', lab.host.sshConfig, board, command]);
    try {
      await sleep(1500);
      shell.write(`echo seen-$((${serial}+1000))\r`);
      await listener.expect(new RegExp(`seen-${serial + 1000}`), 10_000);
    } finally {
      listener.kill();
    }
  },
  60_000,
);

test('the device is opened and closed as often as a script likes, and nothing that was written is lost', async () => {
  const { code } = await inJail(
    'for i in 1 2 3 4 5 6 7 8; do echo "echo count-\\$(($i*100))" >/dev/ttyBoard; sleep 0.$i; done; test -c /dev/ttyBoard',
  );
  expect(code).toBe(0);
  for (let count = 1; count <= 8; count++) await shell.expect(new RegExp(`count-${count * 100}\r?\n`), 10_000);
}, 30_000);

test('a program on the device and consoles here and on the lab host all hear the board at once', async () => {
  const listeners = [
    converse('ssh', ['-tt', '-e', 'none', '-F', lab.host.sshConfig, board, 'tio /dev/ttyBoard']),
    converse('ssh', ['-F', lab.host.sshConfig, board, 'labcli console']),
    converse('ssh', ['-F', lab.host.sshConfig, 'labhost', 'labcli', 'console']),
  ];
  try {
    await sleep(2000);
    shell.write('echo all-$((40+2))\r');
    await Promise.all(listeners.map(listener => listener.expect(/all-42/, 10_000)));
  } finally {
    for (const listener of listeners) listener.kill();
  }
}, 30_000);

test('a program goes on when labd is restarted', async () => {
  const terminal = converse('ssh', [
    '-tt',
    '-e',
    'none',
    '-F',
    lab.host.sshConfig,
    addressOf(board),
    'tio /dev/ttyBoard',
  ]);
  try {
    await sleep(1500);
    process.kill(await lab.pidOf('labd'), 'SIGKILL');
    shell.kill();
    await lab.json('alice', 'status');
    serial += 1;
    // The same tio, by way of the lab host's labd, as it was before.
    const deadline = performance.now() + 20_000;
    const heard = terminal.expect(new RegExp(`seen-${serial + 1000}`), 25_000);
    while (performance.now() < deadline && (await Promise.race([heard.then(() => true), sleep(1000)])) !== true) {
      terminal.write(`echo seen-$((${serial}+1000))\r`);
    }
    await heard;
  } finally {
    terminal.kill();
  }
}, 60_000);

/** ssh to the address does not go through labd. */
function addressOf(handle: string): string {
  return handle === 'rockpro64-1' ? '10.77.0.101' : '10.77.0.102';
}

test.each(requests)(
  '%s',
  async command => {
    const { code, stdout } = await inJail(command);
    expect(code).toBe(0);
    if (command.includes('text/plain')) {
      expect(stdout).toBe(`${board} off\nexit 0\n`);
      return;
    }
    const answer = JSON.parse(stdout) as PowerAnswer & { readonly error?: object };
    expect(answer.error).toBeUndefined();
    const [, action] = /"action":"(\w+)"/.exec(command) ?? [];
    if (action) expect(answer).toEqual({ board, power: action === 'off' ? 'off' : 'on' });
  },
  30_000,
);
