import { once } from 'node:events';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '../../src/api/client.ts';
import type { ClaimedBoard } from '../../src/api/messages.ts';
import { timeMs } from './figures.ts';

/**
 * claims.ts SOCKET ROUNDS AT_ONCE: runs inside the lab host's network namespace, so that it can reach the jails' sshd, and
 * prints what it measured as JSON. A claim counts until the jail's sshd has sent its banner.
 */
const [socketPath = '', rounds = '20', atOnce = '20'] = process.argv.slice(2);
const client = createClient({ socketPath, user: 'alice' });

async function claim(): Promise<ClaimedBoard> {
  const body = { wants: [{ class: 'rockpro64', labels: [] }] };
  for await (const event of client.runOperation({ kind: 'claim', body })) {
    if (event.event === 'done' && event.claims[0]) return event.claims[0];
  }
  throw new Error('no claim');
}

async function release(board: string): Promise<void> {
  for await (const _event of client.runOperation({ kind: 'release', body: { board } }));
}

async function waitForBanner(address: string): Promise<void> {
  for (;;) {
    const socket = createConnection({ host: address, port: 22 });
    try {
      await once(socket, 'connect');
      await once(socket, 'data');
      return;
    } catch {
      await sleep(2);
    } finally {
      socket.destroy();
    }
  }
}

async function claimToBanner(): Promise<ClaimedBoard> {
  const claimed = await claim();
  await waitForBanner(claimed.jailAddress);
  return claimed;
}

const claimMs: number[] = [];
const releaseMs: number[] = [];
for (let round = 0; round < Number(rounds); round++) {
  let claimed: ClaimedBoard | undefined;
  claimMs.push(
    await timeMs(async () => {
      claimed = await claimToBanner();
    }),
  );
  releaseMs.push(await timeMs(() => release(String(claimed?.board))));
}
let boards: ClaimedBoard[] = [];
const atOnceMs = await timeMs(async () => {
  boards = await Promise.all(Array.from({ length: Number(atOnce) }, claimToBanner));
});
const allReleasedMs = await timeMs(() => Promise.all(boards.map(({ board }) => release(board))));
process.stdout.write(JSON.stringify({ claimMs, releaseMs, atOnceMs, allReleasedMs }));
