import type { BoardSummary } from '../api/messages.ts';
import { textOfBoards } from './text.ts';

const board: BoardSummary = {
  handle: 'rockpro64-1',
  class: 'rockpro64',
  state: 'claimed',
  user: 'alice',
  epoch: 3,
  expiresAtMs: Date.UTC(2031, 4, 4, 9, 30),
  power: 'on',
  jailAddress: '10.77.0.101',
  vlan: 101,
  labels: [],
  bars: [],
};
const line = 'rockpro64-1  claimed  alice  power on  jail 10.77.0.101  vlan 101  until 2031-05-04 09:30 UTC';

test('in its jail, a board is a line, and the last line is the exit code', () => {
  expect(textOfBoards({ boards: [board] })).toBe(`${line}\nexit 0\n`);
});

test('in its jail, one sees that the lease ends soon, what is planned, and with whom it is shared', () => {
  const window = { startsAtMs: Date.UTC(2031, 4, 4, 9, 30), endsAtMs: Date.UTC(2031, 4, 4, 10) };
  const bars = [{ kind: 'maintenance', reason: 'new fan', ...window }] as const;
  expect(
    textOfBoards({ boards: [{ ...board, endsSoon: true, sharedWith: ['bob', 'carol'], bars }] }).split('\n'),
  ).toEqual([
    line,
    '  the lease ends soon: ssh labhost labcli extend --for 1h',
    '  maintenance from 2031-05-04 09:30 UTC until 2031-05-04 10:00 UTC: new fan',
    '  shared with bob, carol',
    'exit 0',
    '',
  ]);
});
