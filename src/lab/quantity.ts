const milliseconds = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const bytes = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** `500ms`, `1s`, `30m`, `4h`, `7d`, `1h30m` in milliseconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  return sum(text, /(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)/gy, milliseconds);
}

/** `512M`, `2G` in bytes (powers of 1024); undefined for anything else. */
export function parseSize(text: string): number | undefined {
  return sum(text, /(\d{1,9}(?:\.\d{1,3})?)([KMGT])/y, bytes);
}

function sum(text: string, part: RegExp, units: Readonly<Record<string, number>>): number | undefined {
  const parts = part.global ? [...text.matchAll(part)] : [part.exec(text)];
  const length = parts.reduce((total, found) => total + (found?.[0].length ?? 0), 0);
  if (text === '' || length !== text.length) return undefined;
  return Math.round(parts.reduce((total, found) => total + Number(found?.[1]) * (units[found?.[2] ?? ''] ?? 0), 0));
}
