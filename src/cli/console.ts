import type { Duplex } from 'node:stream';
import { LabError } from '../lab/error.ts';
import { explainEnd } from './explain-end.ts';
import type { AddVerb, Terminal } from './verb.ts';

/** Ctrl-], as in telnet and virsh. */
const escapeByte = 0x1d;
/** How long to wait for the last bytes from the line when the input has ended. */
const drainMs = 500;

export const addConsole: AddVerb = (program, { client, output, openTerminal }) => {
  program
    .command('console')
    .description('the serial console; Ctrl-] leaves it')
    .argument('[board]', 'your only board if left out')
    .option('--json', 'errors as JSON')
    .action(async (board: string | undefined) => {
      const terminal = openTerminal();
      const isInteractive = terminal.input.isTTY === true;
      const line = await client.openConsole(board, isInteractive);
      if (isInteractive) output.tell('The serial console. Ctrl-] leaves it.');
      const end = await connect(terminal, line, isInteractive);
      if (end === 'user') {
        if (isInteractive) output.tell('');
        return;
      }
      const reason = await explainEnd(client, board, 'console');
      throw reason ?? new LabError('device', 'the console was closed', { hint: 'try again in a moment' });
    });
};

/** Carries bytes both ways until the user leaves, or the line is closed from the other side. */
async function connect(terminal: Terminal, line: Duplex, isInteractive: boolean): Promise<'user' | 'line'> {
  const { input, output } = terminal;
  const { promise, resolve } = Promise.withResolvers<'user' | 'line'>();
  let hasUserLeft = false;
  const leave = () => {
    hasUserLeft = true;
    line.end();
    setTimeout(() => line.destroy(), drainMs).unref();
  };
  line.on('error', () => line.destroy());
  line.once('close', () => resolve(hasUserLeft ? 'user' : 'line'));
  // The other side may close its half only; there is nothing to say any more to a line that is gone.
  line.once('end', () => line.destroy());
  input.on('data', (bytes: Buffer) => {
    const leaveAt = isInteractive ? bytes.indexOf(escapeByte) : -1;
    if (hasUserLeft) return;
    const isRoomLeft = line.write(leaveAt < 0 ? bytes : bytes.subarray(0, leaveAt));
    if (leaveAt >= 0) {
      hasUserLeft = true;
      line.destroy();
    } else if (!isRoomLeft) {
      input.pause();
      line.once('drain', () => input.resume());
    }
  });
  input.once('end', leave);
  input.once('error', leave);
  output.once('error', leave);
  if (isInteractive) input.setRawMode?.(true);
  line.pipe(output, { end: false });
  try {
    return await promise;
  } finally {
    if (isInteractive) input.setRawMode?.(false);
    input.pause();
    // A pipe or terminal that is being read would keep the program alive.
    (input as { unref?: () => void }).unref?.();
  }
}
