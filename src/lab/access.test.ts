import { type AccessState, authorize, type BoardAction, type Identity, mayFollow } from './access.ts';
import type { Claim } from './claim.ts';

const claim = (id: number, board: string, user: string, epoch: number, expiresAtMs = 2000): Claim => ({
  id,
  board,
  user,
  epoch,
  createdAtMs: 0,
  expiresAtMs,
  requestId: 0,
  sharedWith: board === 'pc-1' ? ['dora'] : [],
  keys: [],
});
const first = claim(1, 'rock-1', 'alice', 3);
const state: AccessState = {
  claims: [first, claim(2, 'rock-2', 'bob', 1), claim(3, 'pc-1', 'bob', 9)],
  handles: ['rock-1', 'rock-2', 'rock-3', 'pc-1'],
  nowMs: 1000,
};
const alice: Identity = { door: 'host', user: 'alice' };
const bob: Identity = { door: 'host', user: 'bob' };
const carol: Identity = { door: 'host', user: 'carol' };
const jail: Identity = { door: 'jail', user: 'alice', board: 'rock-1', epoch: 3 };
const dora: Identity = { door: 'host', user: 'dora' };
const oldJail: Identity = { ...jail, epoch: 2 };

test.each<[string, Identity, string | undefined]>([
  ['the holder, by handle', alice, 'rock-1'],
  ['the holder of one board, without handle', alice, undefined],
  ["the board's own jail, by handle", jail, 'rock-1'],
  ["the board's own jail, without handle", jail, undefined],
])('%s may', (_name, identity, board) => {
  expect(authorize(identity, 'power', board, state)).toBe(first);
});

test.each<[string, Identity, string | undefined, string, RegExp]>([
  ['somebody else', bob, 'rock-1', 'denied', /rock-1 belongs to alice until 1970-01-01/],
  ["another board's jail", jail, 'rock-2', 'denied', /jail of rock-1/],
  ['the jail of an earlier claim', oldJail, undefined, 'denied', /belongs to alice/],
  ['whoever has no board', carol, undefined, 'not-found', /no board/],
  ['whoever has several and names none', bob, undefined, 'usage', /pc-1, rock-2/],
  ["a board that is nobody's", alice, 'rock-3', 'denied', /nobody/],
  ['a board that there is not', alice, 'rock-9', 'not-found', /rock-9/],
])('%s may not', (_name, identity, board, code, message) => {
  expect(() => authorize(identity, 'power', board, state)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
});

test.each<[BoardAction, boolean]>([
  ['power', false],
  ['console', false],
  ['jail', false],
  ['reinit', false],
  ['release', true],
])('after the end of the lease, %s is allowed: %s', (action, isAllowed) => {
  const late = { ...state, nowMs: 2000 };
  const attempt = () => authorize(alice, action, 'rock-1', late);
  if (isAllowed) expect(attempt()).toBe(first);
  else expect(attempt).toThrow(expect.objectContaining({ code: 'denied' }));
});

test('an operation is followed by its user and its jail alone', () => {
  expect([alice, jail, bob, oldJail].map(identity => mayFollow(identity, first))).toEqual([true, true, false, false]);
});

test.each<[BoardAction, boolean]>([
  ['power', true],
  ['console', true],
  ['jail', true],
  ['reinit', false],
  ['release', false],
  ['extend', false],
  ['share', false],
])('a colleague with whom a board is shared may %s it: %s', (action, isAllowed) => {
  const attempt = () => authorize(dora, action, 'pc-1', state);
  if (isAllowed) expect(attempt()).toMatchObject({ board: 'pc-1', user: 'bob' });
  else
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'denied', message: expect.stringMatching(/only bob may/) }),
    );
});

test('a jail may not hand its board on, for a colleague is root in it too', () => {
  expect(() => authorize(jail, 'share', undefined, state)).toThrow(expect.objectContaining({ code: 'denied' }));
  expect(authorize(jail, 'extend', undefined, state)).toBe(first);
});

test('a claim whose connection is away ends when that has lasted too long', () => {
  const away = { ...first, awayUntilMs: 900 };
  expect(() => authorize(alice, 'power', 'rock-1', { ...state, claims: [away] })).toThrow(/ran out/);
});
