import type { LabEvent, NewEvent } from './event.ts';
import { type ReplayedLab, replayEvent, startReplay } from './replay.ts';

function replay(...events: readonly NewEvent[]): ReplayedLab {
  return events.reduce(
    (lab, event, index) => replayEvent(lab, { ...event, id: index + 1, seq: index, atMs: index } as LabEvent),
    startReplay(),
  );
}

const at = { board: 'rock-1', actor: 'alice' } as const;
const listed: NewEvent = { ...at, kind: 'board-listed', detail: { class: 'rock', labels: ['sdmux'] } };
const granted: NewEvent = {
  ...at,
  kind: 'claim-granted',
  user: 'alice',
  epoch: 3,
  detail: { request: 9, expiresAtMs: 500 },
};
const shared: NewEvent = { ...at, kind: 'claim-shared', user: 'alice', epoch: 3, detail: { with: 'bob' } };

function boardAfter(...events: readonly NewEvent[]) {
  return replay(listed, granted, ...events).boards['rock-1'];
}

test('a board is listed with class and labels, and stays known when it is not listed any more', () => {
  const board = { isListed: true, class: 'rock', labels: ['sdmux'], epoch: 0, bars: {} };
  expect(replay(listed)).toEqual({ boards: { 'rock-1': board }, queue: {} });
  const unlisted = replay(listed, { ...at, kind: 'board-unlisted', detail: {} });
  expect(unlisted.boards['rock-1']).toEqual({ ...board, isListed: false });
});

test('a request waits from its beginning to its end', () => {
  const detail = { request: 7, priority: 2, seq: 11, wants: [{ class: 'rock', labels: [] }], leaseMs: 5 };
  const queued: NewEvent = { kind: 'request-queued', actor: 'alice', user: 'alice', detail };
  expect(replay(queued).queue).toEqual({ 7: { user: 'alice', priority: 2, seq: 11, wants: detail.wants } });
  const ended: NewEvent = { kind: 'request-ended', actor: 'alice', detail: { request: 7, reason: 'cancelled' } };
  expect(replay(queued, { ...queued, detail: { ...detail, request: 8 } }, ended).queue).toHaveProperty('8');
  expect(replay(queued, ended).queue).toEqual({});
});

test('a claim has user, epoch and end; when it ends, the epoch stays', () => {
  expect(boardAfter()).toMatchObject({
    epoch: 3,
    claim: { user: 'alice', epoch: 3, expiresAtMs: 500, sharedWith: [] },
  });
  const over = boardAfter({ ...at, kind: 'claim-ended', epoch: 3, detail: { reason: 'released' } });
  expect(over).toMatchObject({ epoch: 3 });
  expect(over).not.toHaveProperty('claim');
});

test.each(['claim-extended', 'claim-moved'] as const)('%s gives a claim another end', kind => {
  const event: NewEvent = { ...at, kind, epoch: 3, detail: { expiresAtMs: 900 } };
  expect(boardAfter(event)?.claim).toMatchObject({ expiresAtMs: 900, user: 'alice' });
});

test('a claim is shared, unshared, and handed to a colleague, who has it for himself then', () => {
  const unshared: NewEvent = { ...at, kind: 'claim-unshared', detail: { with: 'bob' } };
  expect(boardAfter(shared)?.claim?.sharedWith).toEqual(['bob']);
  expect(boardAfter(shared, unshared)?.claim?.sharedWith).toEqual([]);
  const carol: NewEvent = { ...at, kind: 'claim-shared', detail: { with: 'carol' } };
  const moved: NewEvent = { ...at, kind: 'claim-transferred', detail: { from: 'alice', to: 'bob' } };
  expect(boardAfter(shared, carol, moved)?.claim).toMatchObject({ user: 'bob', epoch: 3, sharedWith: ['carol'] });
});

test('a colleague of one claim is none of the next', () => {
  expect(boardAfter(shared, { ...granted, epoch: 4 })?.claim).toMatchObject({ epoch: 4, sharedWith: [] });
});

test('bars stand side by side, one of a kind, and are lifted one by one', () => {
  const set = (bar: 'dirty' | 'offline', reason: string): NewEvent => ({
    ...at,
    kind: 'bar-set',
    detail: { bar, reason },
  });
  const lifted: NewEvent = { ...at, kind: 'bar-lifted', detail: { bar: 'dirty' } };
  const both = [set('dirty', 'x'), set('offline', 'y'), set('offline', 'z')];
  expect(boardAfter(...both)?.bars).toEqual({ dirty: 'x', offline: 'z' });
  expect(boardAfter(...both, lifted)?.bars).toEqual({ offline: 'z' });
});

test('a snapshot takes the place of all that was before it, and is not changed by what comes after it', () => {
  const state = replay(listed, granted);
  const snapshot: NewEvent = { kind: 'snapshot', actor: 'system', detail: { state } };
  const other: NewEvent = { ...listed, board: 'pine-1' };
  expect(replay(other, snapshot)).toEqual(state);
  expect(replay(other, snapshot, shared).boards['rock-1']?.claim?.sharedWith).toEqual(['bob']);
  expect(state.boards['rock-1']?.claim?.sharedWith).toEqual([]);
});

test('what changes nothing that is kept changes nothing', () => {
  const before = replay(listed, granted, shared);
  const others: NewEvent[] = [
    { ...at, kind: 'claim-away', epoch: 3, detail: { untilMs: 9 } },
    { ...at, kind: 'claim-back', epoch: 3, detail: {} },
    { ...at, kind: 'operation-begun', epoch: 3, detail: { operation: 1, kind: 'claim' } },
    { ...at, kind: 'operation-ended', epoch: 3, detail: { operation: 1, kind: 'claim', state: 'done' } },
    { ...at, kind: 'power-switched', detail: { action: 'on' } },
    { kind: 'lab-reloaded', actor: 'root', detail: {} },
    { kind: 'clock-set', actor: 'system', detail: { byMs: 5 } },
  ];
  expect(replay(listed, granted, shared, ...others)).toEqual(before);
});
