import { PassThrough } from 'node:stream';
import type { LabClient } from '../api/client.ts';
import type { BoardSummary, ClaimedBoard, OperationEvent } from '../api/messages.ts';
import { LabError } from '../lab/error.ts';
import type { LabEvent } from '../lab/event.ts';
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
  requestId: 1,
  sharedWith: [],
  keys: [],
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
    labels: [],
    bars: [],
  },
  {
    handle: 'rockpro64-2',
    class: 'rockpro64',
    state: 'quarantined',
    power: 'unknown',
    jailAddress: '10.77.0.102',
    vlan: 102,
    labels: ['sdmux', 'ram=4g'],
    bars: [{ kind: 'dirty', reason: 'the jail\x1b[2J is still there' }],
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
  { event: 'step', board: 'rockpro64-1', step: 'jail', state: 'started', elapsedMs: 0 },
  { event: 'step', board: 'rockpro64-1', step: 'jail', state: 'done', elapsedMs: 83.4 },
];

const surroundings = {
  watchConnection: () => {},
  onSignal: () => () => {},
  loadRunner: () => import('./run-in-jail.ts'),
};

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
    buildJailBase: async function* () {
      yield { event: 'line', line: 'I: fetching' };
      yield { event: 'done', base: '20310101T000000Z' };
    },
    getPower: async board => ({ board: board ?? 'rockpro64-1', power: 'off' }),
    setPower: async request => {
      asked.push(request);
      return { board: request.board ?? 'rockpro64-1', power: 'on' };
    },
    runOperation: operation => {
      asked.push(operation);
      return eventsOf([...events, { event: 'done', claims: operation.kind === 'release' ? [] : [claim] }]) as never;
    },
    openConsole: async () => new PassThrough(),
    openProxy: async () => new PassThrough(),
    call: async (name, request) => {
      asked.push([name, request]);
      return { claim } as never;
    },
    tellEvents: () => eventsOf([]) as never,
    ...answers,
  };
  const openTerminal = () => ({ input: new PassThrough(), output: new PassThrough(), errors: new PassThrough() });
  const code = await runLabcli(words, { client, output, openTerminal, nowMs: () => nowMs, ...surroundings });
  return { code, stdout, stderr, asked };
}

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

test('status is an aligned table; what comes from elsewhere cannot steer the terminal', async () => {
  const { stdout } = await run(['status']);
  expect(stdout.split('\n')).toEqual([
    'BOARD        CLASS      STATE             USER   POWER    EXPIRES',
    'rockpro64-1  rockpro64  claimed (reinit)  alice  on       2031-05-04 11:00 UTC (in 1h30m)',
    'rockpro64-2  rockpro64  quarantined       -      unknown  -',
    'rockpro64-2: dirty: the jail[2J is still there',
    'rockpro64-2: labels sdmux ram=4g',
    '',
  ]);
});

test('status says until when a maintenance lasts, how to log in to boards of one’s own, and which boards have the same labels', async () => {
  const window = { startsAtMs: nowMs + 3_600_000, endsAtMs: nowMs + 7_200_000 };
  const bars = [{ kind: 'maintenance', reason: 'new fan', ...window }] as const;
  const like = boards.map(board => ({ ...board, labels: ['sdmux'], bars }));
  const { stdout } = await run(['status', '--mine'], { listBoards: async () => ({ boards: like }) });
  expect(stdout.split('\n').slice(3)).toEqual([
    'rockpro64-1: ssh root@rockpro64-1, jail 10.77.0.101',
    'rockpro64-2: ssh root@rockpro64-2, jail 10.77.0.102',
    'rockpro64-1: maintenance from 2031-05-04 10:30 UTC until 2031-05-04 11:30 UTC: new fan',
    'rockpro64-2: maintenance from 2031-05-04 10:30 UTC until 2031-05-04 11:30 UTC: new fan',
    'rockpro64-1, rockpro64-2: labels sdmux',
    '',
  ]);
});

test.each<[words: string[], sentence: string]>([
  [['status', '--mine'], 'you have no board'],
  [['classes', '--available'], 'no board is free'],
  [['queue'], 'nobody waits'],
  [['history'], 'no claims'],
  [['usage'], 'no claims'],
])('%j of nothing is a sentence, not the head of a table', async (words, sentence) => {
  const nothing = {
    listBoards: async () => ({ boards: [] }),
    listClasses: async () => ({ classes: [{ name: 'pc', description: '', boards: 1, available: 0 }] }),
    call: async () => ({ requests: [], claims: [], usage: [] }) as never,
  };
  expect(await run(words, nothing)).toMatchObject({ code: 0, stdout: `${sentence}\n`, stderr: '' });
});

test('events tell moments as moments, lengths as lengths, and what was asked for as people write it', async () => {
  const common = { id: 1, seq: 1, atMs: nowMs, actor: 'alice' } as const;
  const wants = [{ class: 'rockpro64', labels: ['sdmux'] }];
  const told: LabEvent[] = [
    { ...common, kind: 'request-queued', detail: { request: 4, priority: 0, seq: 1, wants, leaseMs: 5_400_000 } },
    { ...common, kind: 'claim-granted', board: 'rockpro64-1', epoch: 3, detail: { request: 4, expiresAtMs: nowMs } },
    { ...common, kind: 'clock-set', detail: { byMs: -60_000 } },
    { ...common, kind: 'snapshot', detail: { state: 'x'.repeat(1000) } },
  ];
  const tellEvents = async function* () {
    yield* told;
  };
  const { stdout } = await run(['events'], { tellEvents });
  const at = '2031-05-04T09:30:00Z';
  expect(stdout.split('\n')).toEqual([
    `${at} request-queued by alice request=4 priority=0 seq=1 wants=rockpro64 with sdmux lease=1h30m`,
    `${at} claim-granted rockpro64-1 epoch 3 by alice request=4 expiresAt=${at}`,
    `${at} clock-set by alice by=-1m`,
    `${at} snapshot by alice state=${'x'.repeat(200)}…`,
    '',
  ]);
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
  [['release', 'a', 'b'], 2, /^$/, /too many arguments/],
  [['admin'], 2, /^$/, /see `labcli help admin`/],
  [['admin', 'offline', 'a'], 2, /^$/, /required option '--reason <text>'/],
  [
    ['history', '--since', 'yesterday'],
    2,
    /^$/,
    /option '--since <time>' argument 'yesterday' is invalid\. A moment is/,
  ],
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
