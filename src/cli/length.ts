import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../lab/quantity.ts';

const shortestMs = 1000;
const longestMs = 366 * 86_400_000;

/** Reads `2h`, `30m`, `1h30m` into milliseconds, for an option. */
export function readLength(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) {
    throw new InvalidArgumentError('A length of time is a number and a unit, such as 30m, 2h or 1d.');
  }
  if (ms >= shortestMs && ms <= longestMs) return ms;
  throw new InvalidArgumentError('A length of time is a second at least, and a year at most.');
}

/** Reads `2031-05-04`, `2031-05-04T09:30` (UTC), a full ISO 8601 moment, or a length of time, counted from `nowMs`, for an option. */
export function readMoment(text: string, nowMs: number, direction: 'ago' | 'from now'): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return direction === 'ago' ? nowMs - ms : nowMs + ms;
  const isPlain = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?$/.test(text);
  const moment = Date.parse(isPlain && text.includes('T') ? `${text}Z` : text);
  if (/^\d{4}-/.test(text) && Number.isFinite(moment)) return Math.max(0, moment);
  throw new InvalidArgumentError('A moment is a date such as 2031-05-04T09:30 (UTC), or a length such as 30m.');
}

/** For an option that can be given several times. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
