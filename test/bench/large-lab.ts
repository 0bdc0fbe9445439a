import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, type LabClient } from '../../src/api/client.ts';
import { LabError } from '../../src/lab/error.ts';
import { startFakeJaild } from '../integration/fake-jaild.ts';
import { formatMs, quantile, type Row, timeMs } from './figures.ts';
import { residentBytes } from './memory.ts';

const daemonScript = join(import.meta.dirname, 'large-lab-daemon.ts');
const waiterCount = 1000;
/** As in the service of labd. */
const nodeFlags = ['--optimize-for-size', '--max-semi-space-size=1'];

/** labd in a lab of 10,000 boards, with 1,000 connections that wait, and its rounds of upkeep going on. */
export async function measureLargeLab(): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'labcli-large-'));
  const socketPath = join(directory, 'labd.sock');
  const jaild = await startFakeJaild(join(directory, 'jaild.sock'), () => {});
  // Prepared by a process before, whose memory does not count.
  execFileSync(process.execPath, [daemonScript, directory, 'prepare'], { timeout: 240_000 });
  const daemon = spawn(process.execPath, [...nodeFlags, daemonScript, directory], {
    stdio: 'inherit',
    env: { ...process.env, MALLOC_ARENA_MAX: '1' },
  });
  try {
    while (!existsSync(socketPath)) await sleep(20);
    const clientOf = (user: string) => createClient({ socketPath, user, startMs: 30_000, reconnectMs: 0 });
    await Promise.all(Array.from({ length: waiterCount }, (_, index) => startWaiting(clientOf(`user${index}`))));
    const client = clientOf('user1');
    const rows = [
      await measure('`status --mine`', '20 ms', () => client.listBoards({ isMine: true })),
      await measure('`claim` of a free board, until it is given', '20 ms', round =>
        ask(clientOf(`user${round}`), 'free', false),
      ),
      await measure('`claim` without a free board, until busy is told', '20 ms', round =>
        ask(clientOf(`user${round}`), 'busy', false),
      ),
      await measure('`claim --wait`, until the place is told', '20 ms', round =>
        ask(clientOf(`user${round}`), 'busy', true),
      ),
      await measure('`history` of a board', '', () => client.call('GET /v1/history', { board: 'busy-1' })),
      await measure('`status` of all 10,000', '', () => client.listBoards({ isMine: false }), 20),
    ];
    const memory = `${(residentBytes(daemon.pid ?? 0) / 2 ** 20).toFixed(0)} MB`;
    return [...rows, { what: 'the same: labd, resident', figure: memory, aim: '' }];
  } finally {
    daemon.kill('SIGKILL');
    await jaild.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Comes back when the place is told, and goes on to wait. */
async function startWaiting(client: LabClient): Promise<void> {
  const stream = client.runOperation({ kind: 'claim', body: { wants: [{ class: 'busy', labels: [] }], wait: true } });
  for (;;) {
    const { value } = await stream.next();
    if (value?.event === 'waiting') break;
  }
  const listen = async () => {
    for await (const _ of stream);
  };
  listen().catch(() => {
    // The bench ends labd before its waiters.
  });
}

/** Until the first event that tells what becomes of it; a claim goes on without whoever asked. Busy is an answer, too. */
async function ask(client: LabClient, name: string, wait: boolean): Promise<void> {
  const stream = client.runOperation({ kind: 'claim', body: { wants: [{ class: name, labels: [] }], wait } });
  try {
    for await (const { event } of stream) if (event === (wait ? 'waiting' : 'operation')) return;
  } catch (error) {
    if (!(error instanceof LabError) || error.code !== 'busy') throw error;
  }
}

async function measure(
  what: string,
  aim: string,
  action: (round: number) => Promise<unknown>,
  rounds = 50,
): Promise<Row> {
  const ms: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ms.push(await timeMs(() => action(round)));
    // As somebody at a keyboard, and not as a flood.
    await sleep(20);
  }
  const figure = `p50 ${formatMs(quantile(ms, 0.5))}, p95 ${formatMs(quantile(ms, 0.95))}`;
  return { what: `10,000 boards, 1,000 waiters, 1,000,000 events: ${what}`, figure, aim };
}
