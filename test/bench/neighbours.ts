import {
  attacker,
  both,
  forkBomb,
  measurePairs,
  memoryHog,
  startNeighbours,
  stopNeighbours,
  unlimited,
} from '../integration/neighbours.ts';
import type { Row } from './figures.ts';

/** How much longer a log-in to the next jail takes while one jail does its worst: a ratio of medians, in pairs. */
export async function measureNeighbours(): Promise<Row[]> {
  await startNeighbours();
  try {
    const rows: Row[] = [];
    for (const [what, jail, attack, aim] of [
      ['a fork bomb', attacker, forkBomb, '1.20'],
      ['a memory hog', attacker, memoryHog, '1.20'],
      ['both', attacker, both, '1.20'],
      ['a fork bomb without limits, as a control', unlimited, forkBomb, ''],
    ] as const) {
      const ratio = await measurePairs(jail, attack);
      rows.push({ what: `ssh into the jail next to ${what}, against a quiet one`, figure: ratio.toFixed(2), aim });
    }
    return rows;
  } finally {
    await stopNeighbours();
  }
}
