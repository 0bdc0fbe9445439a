import { PassThrough } from 'node:stream';
import type { LabClient } from '../api/client.ts';
import type { BoardSummary, ClaimedBoard, OperationEvent } from '../api/messages.ts';
import { LabError } from '../lab/error.ts';
import { createOutput } from './output.ts';
import { runLabcli } from './run-labcli.ts';

export const nowMs = Date.UTC(2031, 4, 4, 9, 30);
export const claim: ClaimedBoard = {
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
export const boards: BoardSummary[] = [
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

export async function* eventsOf(events: readonly OperationEvent[]) {
  for (const event of events) {
    if (event.event === 'error') throw LabError.fromMessage(event.error);
    yield event;
  }
}

export const events: OperationEvent[] = [
  { event: 'operation', id: 7, kind: 'claim', board: 'rockpro64-1' },
  { event: 'step', board: 'rockpro64-1', step: 'jail', state: 'started', elapsedMs: 0 },
  { event: 'step', board: 'rockpro64-1', step: 'jail', state: 'done', elapsedMs: 83.4 },
];

const surroundings = {
  watchConnection: () => {},
  onSignal: () => () => {},
  loadRunner: () => import('./run-in-jail.ts'),
};

/** Runs one command line against a labd that gives these answers; `asked` is what it was asked for. */
export async function run(
  words: readonly string[],
  answers: Partial<LabClient> = {},
  others: Partial<typeof surroundings> = {},
) {
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
  const code = await runLabcli(words, { client, output, openTerminal, nowMs: () => nowMs, ...surroundings, ...others });
  return { code, stdout, stderr, asked };
}
