import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { startCrashBench } from './crash-bench.ts';
import { type RandomRound, runRandomRounds } from './random-rounds.ts';
import { describeRound, formatTally } from './tally.ts';

/**
 * crash-test.ts --rounds N [--seed S]: kills labd, jaild or both with SIGKILL at N random moments of all operations, and looks
 * after each whether anything was lost, is held twice or was left behind. The exit code is 1 if so.
 */
const { values } = parseArgs({ options: { rounds: { type: 'string' }, seed: { type: 'string' } } });
const rounds = Number(values.rounds ?? 100);
const seed = Number(values.seed ?? randomInt(2 ** 31));
const isUsed = [rounds, seed].every(number => Number.isSafeInteger(number) && number >= 0);
if (!isUsed) {
  process.stderr.write('usage: npm run crash-test -- [--rounds N] [--seed S]\n');
  process.exit(2);
}

const startMs = performance.now();
const bench = await startCrashBench();
const done: RandomRound[] = [];
const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());
try {
  for await (const round of runRandomRounds(bench, rounds, seed)) {
    done.push(round);
    process.stdout.write(`${describeRound(round).join('\n')}\n`);
    if (stopped.signal.aborted) break;
  }
} finally {
  await bench.stop();
}
process.stdout.write(`\n${formatTally(done, seed, (performance.now() - startMs) / 60_000)}\n`);
process.exitCode = done.some(({ wrong }) => wrong.length > 0) ? 1 : 0;
