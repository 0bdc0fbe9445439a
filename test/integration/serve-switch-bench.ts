import { startSwitchBench } from './switch-bench.ts';

/** A switch bench in a process of its own, for programs that are waited for: serve-switch-bench.ts 2c|3. Writes its port. */
const bench = await startSwitchBench(process.argv[2] === '2c' ? '2c' : '3');
process.stdout.write(`${bench.udpPort}\n`);
// Ends with the test that started it.
process.stdin.resume().once('end', () => process.exit(0));
