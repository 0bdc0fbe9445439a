import { claimBoard, release, startLabd } from '../integration/labd-under-test.ts';
import type { Row } from './figures.ts';

const secondsEach = 3;

/** Claims and releases through labd and its store, with jails and devices that take no time. */
export async function measureLabdAlone(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const clients of [1, 20]) {
    const lab = await startLabd(20);
    try {
      const client = lab.client('alice');
      const until = performance.now() + secondsEach * 1000;
      let claims = 0;
      const work = async () => {
        while (performance.now() < until) {
          const { board } = await claimBoard(client);
          await release(client, board);
          claims += 1;
        }
      };
      await Promise.all(Array.from({ length: clients }, work));
      const what = `claims and releases a second through labd, instant jails, ${clients} at once`;
      rows.push({ what, figure: (claims / secondsEach).toFixed(0), aim: '' });
    } finally {
      await lab.stop();
    }
  }
  return rows;
}
