import { parseDuration } from '../lab/quantity.ts';
import { formatExpiry, formatLogTime, formatRoughLength } from './expiry.ts';

const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000] as const;

test.each([
  [0, '0s'],
  [59 * second + 499, '59s'],
  [59 * second + 500, '1m'],
  [20 * minute, '20m'],
  [hour - second, '1h'],
  [90 * minute, '1h30m'],
  [4 * hour, '4h'],
  [24 * hour - minute, '23h59m'],
  [day - second, '1d'],
  [3 * day + 12 * hour + 20 * minute, '3d12h'],
  [7 * day, '7d'],
])('%d ms is %s, which --for takes', (ms, text) => {
  expect(formatRoughLength(ms)).toBe(text);
  expect(Math.abs((parseDuration(text) ?? Number.NaN) - ms)).toBeLessThanOrEqual(hour / 2);
});

test('a moment is told in UTC, whatever the time zone of the lab host', () => {
  const atMs = Date.UTC(2031, 4, 4, 9, 30, 7);
  expect(formatExpiry(atMs, atMs - 90 * minute)).toBe('2031-05-04 09:30 UTC (in 1h30m)');
  expect(formatExpiry(atMs, atMs + 1)).toBe('2031-05-04 09:30 UTC (now)');
  expect(formatLogTime(atMs)).toBe('2031-05-04T09:30:07Z');
});
