import { findPlaces } from './place.ts';
import type { Want } from './want.ts';

const want = (part: Partial<Want>): Want => ({ labels: [], ...part });
const arm = want({ class: 'arm' });
const x86 = want({ class: 'x86' });

const placesOf = (...queue: readonly (readonly Want[])[]) =>
  findPlaces(
    queue.map((wants, index) => ({ id: index, user: 'alice', wants, priority: 0, seq: index, createdAtMs: 0 })),
  ).map(({ position, boardsAhead }) => [position, boardsAhead]);

test('who asks for the same is in the way, with all the boards that they ask for', () => {
  expect(placesOf([arm], [arm, arm], [arm])).toEqual([
    [1, 0],
    [2, 1],
    [3, 3],
  ]);
});

test('who asks for another class, or for another board, is not', () => {
  expect(placesOf([x86], [arm], [x86, arm], [x86])).toEqual([
    [1, 0],
    [2, 0],
    [3, 2],
    [4, 3],
  ]);
  const [first, second] = [want({ class: 'arm', board: 'arm-1' }), want({ class: 'arm', board: 'arm-2' })];
  expect(placesOf([first], [second], [first])).toEqual([
    [1, 0],
    [2, 0],
    [3, 1],
  ]);
});

test('who asks for one board of a class may get any of it, and labels may fit the same board', () => {
  expect(
    placesOf([arm], [want({ class: 'arm', board: 'arm-1' })], [want({ class: 'arm', labels: ['sdmux'] })]),
  ).toEqual([
    [1, 0],
    [2, 1],
    [3, 2],
  ]);
  expect(placesOf([want({ labels: ['sdmux'] })], [arm])[1]).toEqual([2, 1]);
});
