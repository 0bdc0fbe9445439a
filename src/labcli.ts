import { createClient } from './api/client.ts';
import { readCall } from './cli/forced-command.ts';
import { createOutput, reportError } from './cli/output.ts';
import { runLabcli } from './cli/run-labcli.ts';
import { paths } from './system/paths.ts';

async function main(): Promise<number> {
  const { stdout, stderr } = process;
  // Whoever reads may stop to: that is no error of ours.
  for (const stream of [stdout, stderr]) stream.on('error', () => process.exit());
  const output = createOutput(stdout, stderr);
  try {
    const { user, words } = readCall(process.argv.slice(2), process.env);
    const client = createClient({ socketPath: paths.hostSocket, user });
    // Only a console opens standard input: that takes time.
    const openTerminal = () => ({ input: process.stdin, output: stdout, errors: stderr });
    const loadRunner = () => import('./cli/run-in-jail.ts');
    const surroundings = { openTerminal, nowMs: Date.now, watchConnection, onSignal, loadRunner };
    return await runLabcli(words, { client, output, ...surroundings });
  } catch (error) {
    return reportError(output, error, / --json\b/.test(process.env.SSH_ORIGINAL_COMMAND ?? ''));
  }
}

/**
 * sshd tells a program without a terminal nothing when its connection is lost, and an input that ends proves nothing (`ssh -n`).
 * But its own process for the session ends, and then this one has another parent.
 */
function watchConnection(onLost: () => void = () => process.exit(1)): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onLost();
  }, 200);
  timer.unref();
}

function onSignal(callback: (name: string) => void): () => void {
  const listener = (signal: NodeJS.Signals) => callback(signal.slice('SIG'.length));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}

main().then(code => {
  process.exitCode = code;
  // When all is written, to end at once is a millisecond faster than to let the event loop find that nothing is left.
  if (process.stdout.writableLength === 0) process.exit();
});
