import { PassThrough } from 'node:stream';
import type { LabClient } from '../api/client.ts';
import type { BoardSummary, ClaimedBoard, OperationEvent } from '../api/messages.ts';
import { LabError } from '../lab/error.ts';
import { formatLocalTime } from './expiry.ts';
import { createOutput } from './output.ts';
import { runLabcli } from './run-labcli.ts';

const nowMs = Date.UTC(2031, 4, 4, 9, 30);
const claim: ClaimedBoard = {
  id: 1,
  board: 'rockpro64-1',
  user: 'alice',
  epoch: 3,
  createdAtMs: nowMs,
  expiresAtMs: nowMs + 4 * 3_600_000,
  class: 'rockpro64',
  jailAddress: '10.77.0.101',
  power: 'off',
};
const boards: BoardSummary[] = [
  {
    handle: 'rockpro64-1',
    class: 'rockpro64',
    state: 'claimed',
    operation: 'reinit',
    user: 'alice',
    epoch: 3,
    expiresAtMs: nowMs + 90 * 60_000,
    power: 'on',
    jailAddress: '10.77.0.101',
    vlan: 101,
  },
  {
    handle: 'rockpro64-2',
    class: 'rockpro64',
    state: 'quarantined',
    power: 'unknown',
    jailAddress: '10.77.0.102',
    vlan: 102,
    reason: 'the jail\x1b[2J is still there',
  },
];

async function* eventsOf(events: readonly OperationEvent[]) {
  for (const event of events) {
    if (event.event === 'error') throw LabError.fromMessage(event.error);
    yield event;
  }
}

const events: OperationEvent[] = [
  { event: 'operation', id: 7, kind: 'claim', board: 'rockpro64-1' },
  { event: 'step', step: 'jail', state: 'started', elapsedMs: 0 },
  { event: 'step', step: 'jail', state: 'done', elapsedMs: 83.4 },
];

/** Runs one command line against a labd that gives these answers. */
async function run(words: readonly string[], answers: Partial<LabClient> = {}) {
  let stdout = '';
  let stderr = '';
  const asked: unknown[] = [];
  const output = createOutput(
    {
      write: text => {
        stdout += text;
      },
    },
    {
      write: text => {
        stderr += text;
      },
    },
  );
  const client: LabClient = {
    listClasses: async () => ({
      classes: [
        { name: 'pc', description: 'a PC', boards: 1, available: 0 },
        { name: 'rockpro64', description: 'an SBC', boards: 2, available: 1 },
      ],
    }),
    listBoards: async filter => {
      asked.push(filter);
      return { boards };
    },
    getPower: async board => ({ board: board ?? 'rockpro64-1', power: 'off' }),
    setPower: async request => {
      asked.push(request);
      return { board: request.board ?? 'rockpro64-1', power: 'on' };
    },
    runOperation: operation => {
      asked.push(operation);
      return eventsOf([...events, { event: 'done', ...(operation.kind === 'release' ? {} : { claim }) }]) as never;
    },
    openConsole: async () => new PassThrough(),
    ...answers,
  };
  const openTerminal = () => ({ input: new PassThrough(), output: new PassThrough() });
  const code = await runLabcli(words, { client, output, openTerminal, nowMs: () => nowMs });
  return { code, stdout, stderr, asked };
}

test('claim tells its steps on standard error, and what to do next on standard output', async () => {
  const { code, stdout, stderr, asked } = await run(['claim', 'rockpro64', '--power']);
  expect(asked).toEqual([{ kind: 'claim', body: { class: 'rockpro64', power: true } }]);
  expect(stderr).toBe('rockpro64-1: jail (83 ms)\n');
  expect(stdout.split('\n')).toEqual([
    'rockpro64-1 is yours',
    '  jail     10.77.0.101',
    '  log in   ssh root@rockpro64-1',
    '  power    off',
    `  expires  ${formatLocalTime(claim.expiresAtMs)} (in 4 h)`,
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
  [['help', 'claim', '--json'], { commands: [expect.objectContaining({ usage: 'claim <class> [--power]' })] }],
])('%j prints one JSON document and nothing else', async (words, document) => {
  const { code, stdout, stderr } = await run(words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual(document);
});

test('status is an aligned table; what comes from elsewhere cannot steer the terminal', async () => {
  const { stdout } = await run(['status']);
  const expires = `${formatLocalTime(nowMs + 90 * 60_000)} (in 1 h 30 min)`;
  expect(stdout.split('\n')).toEqual([
    `BOARD        CLASS      STATE             USER   POWER    JAIL         EXPIRES`,
    `rockpro64-1  rockpro64  claimed (reinit)  alice  on       10.77.0.101  ${expires}`,
    `rockpro64-2  rockpro64  quarantined       -      unknown  10.77.0.102  -`,
    'rockpro64-2: the jail[2J is still there',
    '',
  ]);
});

test.each([
  [[], 2, /^Share boards/, /^$/],
  [['help'], 0, /power on\|off\|cycle\|status \[board\]/, /^$/],
  [['--help'], 0, /claim <class>/, /^$/],
  [['help', 'clam'], 2, /^$/, /did you mean claim\?/],
  [['statsu'], 2, /^$/, /there is no command statsu; did you mean status\?/],
  [['power'], 2, /^$/, /missing required argument 'action'\n {2}see `labcli help power`/],
  [['power', 'up'], 2, /^$/, /Allowed choices are on, off, cycle, status/],
  [['claim', 'a', 'b'], 2, /^$/, /too many arguments/],
  [['status', '--jsn'], 2, /^$/, /unknown option '--jsn' \(Did you mean --json\?\)/],
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
