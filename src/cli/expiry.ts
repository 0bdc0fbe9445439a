/** `2026-03-01T18:30:00+01:00 (in 3 h 59 min)`, in the lab host's time zone. */
export function formatExpiry(expiresAtMs: number, nowMs: number): string {
  return `${formatLocalTime(expiresAtMs)} (${formatRest(expiresAtMs - nowMs)})`;
}

/** ISO 8601 with the offset from UTC, to the second. */
export function formatLocalTime(atMs: number): string {
  const offsetMinutes = -new Date(atMs).getTimezoneOffset();
  const local = new Date(atMs + offsetMinutes * 60_000).toISOString().slice(0, 19);
  const minutes = Math.abs(offsetMinutes);
  const twoDigits = (value: number) => String(Math.trunc(value)).padStart(2, '0');
  return `${local}${offsetMinutes < 0 ? '-' : '+'}${twoDigits(minutes / 60)}:${twoDigits(minutes % 60)}`;
}

function formatRest(restMs: number): string {
  if (restMs <= 0) return 'now';
  const minutes = Math.round(restMs / 60_000);
  if (minutes < 1) return 'in less than a minute';
  if (minutes < 60) return `in ${minutes} min`;
  if (minutes < 48 * 60) return `in ${Math.trunc(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ''}`;
  return `in ${Math.round(minutes / 1440)} days`;
}
