import { PassThrough } from 'node:stream';
import { LabError } from '../lab/error.ts';
import { boards, claim, events, eventsOf, nowMs, run } from './cli-under-test.ts';

test('claim tells its steps on standard error, and what to do next on standard output', async () => {
  const { code, stdout, stderr, asked } = await run(['claim', 'rockpro64', '--power']);
  expect(asked).toEqual([{ kind: 'claim', body: { wants: [{ class: 'rockpro64', labels: [] }], power: true } }]);
  expect(stderr).toBe('rockpro64-1: yours, its jail is being built\nrockpro64-1: jail (83 ms)\n');
  expect(stdout.split('\n')).toEqual([
    'rockpro64-1 is yours',
    '  jail     10.77.0.101',
    '  log in   ssh root@rockpro64-1',
    '  power    off',
    '  expires  2031-05-04 13:30 UTC (in 4h)',
    '',
  ]);
  expect(code).toBe(0);
});

test.each<[words: string[], document: object]>([
  [['claim', 'rockpro64', '--json'], claim],
  [['reinit', '--json'], claim],
  [['release', 'rockpro64-1', '--json'], { board: 'rockpro64-1' }],
  [['power', 'on', '--json'], { board: 'rockpro64-1', power: 'on' }],
  [['power', 'status', 'rockpro64-2', '--json'], { board: 'rockpro64-2', power: 'off' }],
  [['status', '--json'], { boards }],
  [['classes', '--available', '--json'], { classes: [expect.objectContaining({ name: 'rockpro64' })] }],
  [
    ['help', 'claim', '--json'],
    { commands: [expect.objectContaining({ usage: expect.stringContaining('claim [class...] [--board <handle>]') })] },
  ],
])('%j prints one JSON document and nothing else', async (words, document) => {
  const { code, stdout, stderr } = await run(words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual(document);
});

test.each([
  [[], 2, /^Share boards/, /^$/],
  [['help'], 0, /power on\|off\|cycle\|status \[board\]/, /^$/],
  [['--help'], 0, /claim \[class\.\.\.\]/, /^$/],
  [['help', 'clam'], 2, /^$/, /did you mean claim\?/],
  [['statsu'], 2, /^$/, /there is no command statsu; did you mean status\?/],
  [['power'], 2, /^$/, /missing required argument 'action'\n {2}see `labcli help power`/],
  [['power', 'up'], 2, /^$/, /Allowed choices are on, off, cycle, status/],
  [['claim'], 2, /^$/, /claim wants a class or --board/],
  [['claim', 'a', '--for', 'long'], 2, /^$/, /A length of time is a number and a unit/],
  [['claim', 'a', '--for', '500ms'], 2, /^$/, /A length of time is a second at least, and a year at most/],
  [['claim', 'a', '--wait=long'], 2, /^$/, /option '--wait=<time>' argument 'long' is invalid/],
  [['release', 'a', 'b'], 2, /^$/, /too many arguments.*\n {2}see `labcli help release`\n$/],
  [['admin'], 2, /^$/, /see `labcli help admin`/],
  [['admin', 'offlin', 'a', '--reason', 'x'], 2, /^$/, /there is no command admin offlin; did you mean offline\?/],
  [['help', 'admin', 'offlin'], 2, /^$/, /there is no command admin offlin; did you mean offline\?/],
  [['help', 'claim', 'x'], 2, /^$/, /there is no command claim x\n {2}see `labcli help claim`/],
  [
    ['admin', 'offline', 'a', 'b', '--reason', 'x'],
    2,
    /^$/,
    /quoted twice, "'like this'"\n {2}see `labcli help admin offline`/,
  ],
  [
    ['help', 'admin', 'offline'],
    0,
    /^labcli admin offline <board> --reason <text>\n(.*\n)*.*is shown to everybody/,
    /^$/,
  ],
  [['help', 'extend'], 0, /^labcli extend \[board\] --for <time>\n/, /^$/],
  [['help', 'run'], 0, /^labcli run <class> \[options\] -- <command\.\.\.>\n/, /^$/],
  [['admin', 'offline', 'a'], 2, /^$/, /required option '--reason <text>'/],
  [
    ['history', '--since', 'yesterday'],
    2,
    /^$/,
    /option '--since <time>' argument 'yesterday' is invalid\. A moment is/,
  ],
  [['status', '--jsn'], 2, /^$/, /unknown option '--jsn' \(Did you mean --json\?\)/],
  [['run', '--fr', 'x', '--', 'build', '--json'], 2, /^$/, /unknown option '--fr'/],
  [['status', '--min', '--json'], 2, /^{"error":{"code":"usage"/, /^$/],
] as const)('%j ends with %d', async (words, code, stdout, stderr) => {
  const result = await run(words);
  expect(result).toEqual({
    code,
    stdout: expect.stringMatching(stdout),
    stderr: expect.stringMatching(stderr),
    asked: [],
  });
});

test('an error has its code, sentence and hint', async () => {
  const busy = async () => {
    throw new LabError('busy', 'rockpro64-1 is being released', { hint: 'try again' });
  };
  expect(await run(['power', 'on'], { setPower: busy })).toMatchObject({
    code: 5,
    stdout: '',
    stderr: 'labcli: rockpro64-1 is being released\n  try again\n',
  });
});

test('a bug of ours is not a stack', async () => {
  const broken = async () => {
    throw new TypeError('x is undefined');
  };
  expect(await run(['classes'], { listClasses: broken })).toMatchObject({
    code: 70,
    stderr: 'labcli: labcli broke: x is undefined\n',
  });
});

test('a console that is closed from the other side says why', async () => {
  const line = new PassThrough();
  const openConsole = async () => line;
  const input = new PassThrough();
  setImmediate(() => line.end());
  const gone = await run(['console'], { openConsole, listBoards: async () => ({ boards: [] }) });
  expect(gone).toMatchObject({ code: 4, stderr: 'labcli: the console has ended: the claim has ended\n' });
  input.end();
});

test.each<[words: string[], wish: object]>([
  [
    ['claim', 'rockpro64', 'x86', '--with', 'sdmux', '--with', 'ram=4g'],
    { wants: ['rockpro64', 'x86'].map(name => ({ class: name, labels: ['sdmux', 'ram=4g'] })) },
  ],
  [['claim', '--board', 'rockpro64-2'], { wants: [{ board: 'rockpro64-2', labels: [] }] }],
  [
    ['claim', '--wait', 'x86', '--for', '1h30m'],
    { wants: [{ class: 'x86', labels: [] }], wait: true, leaseMs: 5_400_000 },
  ],
  [['claim', 'x86', '--wait=30m'], { wants: [{ class: 'x86', labels: [] }], wait: true, waitMs: 1_800_000 }],
  [['claim', 'x86', '--hold'], { wants: [{ class: 'x86', labels: [] }], hold: true }],
])('%j asks for what it says', async (words, body) => {
  expect((await run(words)).asked).toEqual([{ kind: 'claim', body }]);
});

test.each([['claim', 'rockpro64', '--hold'], ['hold']])(
  '%s %s %s says how long the claim outlives the connection',
  async (...words) => {
    const held = { event: 'done', claims: [{ ...claim, graceMs: 60_000 }] } as const;
    const { stderr } = await run(words.filter(Boolean), { runOperation: () => eventsOf([held]) as never });
    expect(stderr).toBe(
      'It ends 1m after this connection does (Ctrl-C); `labcli hold` takes it up again before that.\n',
    );
  },
);

test('several boards are one JSON document too', async () => {
  const both = { event: 'done', claims: [claim, { ...claim, board: 'x86-1' }] } as const;
  const { stdout } = await run(['claim', 'rockpro64', 'x86', '--json'], {
    runOperation: () => eventsOf([...events, both]) as never,
  });
  expect(JSON.parse(stdout)).toEqual({ claims: both.claims });
});

test('whoever waits is told where they stand, and who has what they wait for when that has changed', async () => {
  const holders = [{ board: 'rockpro64-1', user: 'bob', untilMs: nowMs + 3_600_000 }];
  const waiting = { event: 'waiting', position: 2, holders, expectedAtMs: nowMs + 3_600_000 } as const;
  const next = { ...waiting, position: 1 };
  const { stderr } = await run(['claim', 'rockpro64', '--wait'], {
    runOperation: () => eventsOf([waiting, next, ...events, { event: 'done', claims: [claim] }]) as never,
  });
  expect(stderr.split('\n').slice(0, 4)).toEqual([
    'place 2 in the queue; expected by 2031-05-04 10:30 UTC (in 1h)',
    '  rockpro64-1: bob until 2031-05-04 10:30 UTC',
    'place 1 in the queue; expected by 2031-05-04 10:30 UTC (in 1h)',
    'rockpro64-1: yours, its jail is being built',
  ]);
});
