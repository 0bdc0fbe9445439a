import { formatMoment } from '../lab/format-moment.ts';

/** `2026-03-01 17:30 UTC (in 3h59m)`: the moment for all who read it wherever they are, the length as `--for` takes it. */
export function formatExpiry(expiresAtMs: number, nowMs: number): string {
  return `${formatMoment(expiresAtMs)} (${formatRest(expiresAtMs - nowMs)})`;
}

/** To the second, as in a log, and as `--since` takes it: `2026-03-01T17:30:07Z`. */
export function formatLogTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

/** A length of time as `--for` takes it, in its two largest units: `45s`, `20m`, `1h30m`, `3d12h`. */
export function formatRoughLength(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.round(seconds / 60);
  const hours = minutes < 24 * 60 ? Math.trunc(minutes / 60) : Math.round(minutes / 60);
  if (hours < 24) return joinUnits([hours, 'h'], [minutes - hours * 60, 'm']);
  return joinUnits([Math.trunc(hours / 24), 'd'], [hours % 24, 'h']);
}

function joinUnits(...parts: readonly (readonly [number, string])[]): string {
  return parts.map(([count, unit]) => (count === 0 ? '' : `${count}${unit}`)).join('');
}

function formatRest(restMs: number): string {
  return restMs <= 0 ? 'now' : `in ${formatRoughLength(restMs)}`;
}
