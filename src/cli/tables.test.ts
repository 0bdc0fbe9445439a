import type { LabEvent } from '../lab/event.ts';
import { boards, nowMs, run } from './cli-under-test.ts';

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

test('status of one board is that board, and of a mistyped one the name that was meant', async () => {
  expect((await run(['status', 'rockpro64-2', '--json'])).stdout).toBe(`${JSON.stringify({ boards: [boards[1]] })}\n`);
  expect(await run(['status', 'rockpro64-3'])).toMatchObject({
    code: 3,
    stderr: 'labcli: there is no board rockpro64-3\n  did you mean rockpro64-1?\n',
  });
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

test('events that are followed end with an error when labd ends them, and others when all are told', async () => {
  const tellEvents = async function* () {};
  expect((await run(['events'], { tellEvents })).code).toBe(0);
  const followed = await run(['events', '--follow'], { tellEvents });
  expect(followed).toMatchObject({
    code: 7,
    stderr: expect.stringMatching(/^labcli: the lab's daemon \(labd\) has gone away/),
  });
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
