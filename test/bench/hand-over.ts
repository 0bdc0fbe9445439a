import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { LabEvent } from '../../src/lab/event.ts';
import { run } from '../../src/system/run.ts';
import type { VirtualHost } from '../../src/vhost/virtual-host.ts';
import { formatMs, quantile, type Row } from './figures.ts';

const board = 'rockpro64-1';

/** From the moment at which a board's clean-up is done to the line on the terminal of who waited for it, over ssh. */
export async function measureHandOver(host: VirtualHost, rounds = 10): Promise<Row[]> {
  const ssh = (user: string, ...words: readonly string[]) =>
    run('ssh', ['-F', host.sshConfig, `labhost-${user}`, 'labcli', ...words], { timeoutMs: 60_000 });
  const ms: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await ssh('bob', 'claim', '--board', board);
    const waiter = spawn('ssh', ['-F', host.sshConfig, 'labhost-alice', 'labcli', 'claim', '--board', board, '--wait']);
    const lineAt = new Promise<number>((resolve, reject) => {
      let said = '';
      waiter.stderr.on('data', bytes => {
        said += bytes;
        if (said.includes(`${board}: yours`)) resolve(Date.now());
      });
      waiter.once('error', reject);
    });
    while (!(await ssh('alice', 'queue')).includes('alice')) await new Promise(resolve => setTimeout(resolve, 50));
    await ssh('bob', 'release', board);
    const arrivedAtMs = await lineAt;
    await once(waiter, 'close');
    const events = (await ssh('alice', 'events', '--board', board, '--limit', '50', '--json')).trim().split('\n');
    const ended = events.map(line => JSON.parse(line) as LabEvent).findLast(({ kind }) => kind === 'claim-ended');
    ms.push(arrivedAtMs - (ended?.atMs ?? Number.NaN));
    await ssh('alice', 'release', board);
  }
  const figure = `p50 ${formatMs(quantile(ms, 0.5))}`;
  return [
    { what: `clean-up done → line on the waiter’s terminal (${rounds} times)`, figure, aim: '50 ms; cdba 1.6 s' },
  ];
}
