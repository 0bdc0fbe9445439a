/** Milliseconds, measured with the monotonic clock. */
export async function timeMs(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

/** The q-quantile (0..1) by nearest rank. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

export interface Row {
  readonly what: string;
  readonly figure: string;
  readonly aim: string;
}

export const formatMs = (ms: number) => (ms < 10_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`);

/** A Markdown table, so that it can go into the README as it is. */
export function formatTable(rows: readonly Row[]): string {
  const lines = [
    ['what', 'measured', 'aim'],
    ['---', '---', '---'],
    ...rows.map(row => [row.what, row.figure, row.aim]),
  ];
  return lines.map(cells => `| ${cells.join(' | ')} |`).join('\n');
}
