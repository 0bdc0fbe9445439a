import { type Bar, describeBars, isActive } from './bar.ts';

const bar: Bar = { kind: 'offline', reason: 'being moved', actor: 'root', sinceMs: 5 };

test.each<[Partial<Bar>, number, boolean]>([
  [{}, 0, true],
  [{}, 1e15, true],
  [{ startsAtMs: 100 }, 99, false],
  [{ startsAtMs: 100 }, 100, true],
  [{ endsAtMs: 200 }, 199, true],
  [{ endsAtMs: 200 }, 200, false],
  [{ startsAtMs: 100, endsAtMs: 200 }, 99, false],
  [{ startsAtMs: 100, endsAtMs: 200 }, 150, true],
  [{ startsAtMs: 100, endsAtMs: 200 }, 200, false],
  [{ startsAtMs: 100, endsAtMs: 100 }, 100, false],
])('a bar with %j at %i bars: %s', (window, nowMs, isBarred) => {
  expect(isActive({ ...bar, ...window }, nowMs)).toBe(isBarred);
});

test('people are told of each bar with its reason', () => {
  expect(describeBars([])).toBe('');
  expect(describeBars([bar])).toBe('offline: being moved');
  expect(describeBars([bar, { ...bar, kind: 'dirty', reason: 'switch poe1 does not answer' }])).toBe(
    'offline: being moved; dirty: switch poe1 does not answer',
  );
  const window = { startsAtMs: Date.UTC(2031, 4, 4, 9, 30), endsAtMs: Date.UTC(2031, 4, 4, 10) };
  expect(describeBars([{ ...bar, ...window, kind: 'maintenance' }])).toBe(
    'maintenance from 2031-05-04 09:30 UTC until 2031-05-04 10:00 UTC: being moved',
  );
});
