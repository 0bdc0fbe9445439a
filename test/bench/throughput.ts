import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startJaildHost } from '../integration/jaild-host.ts';
import type { Row } from './figures.ts';

const labYaml = readFileSync(join(import.meta.dirname, '../../lab.yaml'), 'utf8').replace(
  '52:54:00:00:01:65',
  '52:54:00:00:01:01',
);
const megabytes = 128;
const gateway = '10.96.101.1';

/** How fast a board gets its files from its jail: a board without a processor of its own, on the same wire as any other. */
export async function measureThroughput(): Promise<Row[]> {
  const host = await startJaildHost(labYaml);
  try {
    await host.startJaild();
    await host.build('rockpro64-1', { epoch: 1, user: 'alice', expiresAtMs: Date.now() + 3_600_000 });
    await host.at('board1', 'ip', 'address', 'replace', '10.96.101.100/24', 'dev', 'eth0');
    const make = `head -c ${megabytes}M /dev/urandom >/srv/nfs/large; cp /srv/nfs/large /srv/tftp/large`;
    await host.ssh('alice', '10.77.0.101', make);
    const get = async (what: string, ...command: readonly string[]): Promise<Row> => {
      const start = performance.now();
      const { code, stderr } = await host.at('board1', ...command);
      if (code !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
      const rate = megabytes / ((performance.now() - start) / 1000);
      return { what: `${what}, board ← jail (${megabytes} MiB)`, figure: `${rate.toFixed(0)} MiB/s`, aim: '' };
    };
    const url = (version: number) => `nfs://${gateway}/nfs/large?version=${version}&uid=0&gid=0`;
    return [
      await get('NFSv3', 'nfs-cp', url(3), '/run/large3'),
      await get('NFSv4', 'nfs-cp', url(4), '/run/large4'),
      await get(
        'TFTP, blocks of 1428',
        'curl',
        '-sS',
        '--tftp-blksize',
        '1428',
        '-o',
        '/run/large',
        `tftp://${gateway}/large`,
      ),
    ];
  } finally {
    await host.stop();
  }
}
