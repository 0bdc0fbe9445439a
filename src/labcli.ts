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
    const openTerminal = () => ({ input: process.stdin, output: stdout });
    return await runLabcli(words, { client, output, openTerminal, nowMs: Date.now, watchConnection });
  } catch (error) {
    return reportError(output, error, / --json\b/.test(process.env.SSH_ORIGINAL_COMMAND ?? ''));
  }
}

/**
 * sshd tells a program without a terminal nothing when its connection is lost, and an input that ends proves nothing (`ssh -n`).
 * But its own process for the session ends, and then this one has another parent.
 */
function watchConnection(): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit(1);
  }, 200).unref();
}

main().then(code => {
  process.exitCode = code;
  // When all is written, to end at once is a millisecond faster than to let the event loop find that nothing is left.
  if (process.stdout.writableLength === 0) process.exit();
});
