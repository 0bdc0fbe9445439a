import type { Duplex } from 'node:stream';
import { explainEnd } from './explain-end.ts';
import type { AddVerb, Terminal } from './verb.ts';

export const addProxy: AddVerb = (program, { client, openTerminal }) => {
  program
    .command('proxy')
    .description("for ssh's ProxyCommand: carries ssh to the jail, where there is no route to it")
    .argument('[board]', 'your only board if left out')
    .option('--json', 'errors as JSON')
    .action(async (board: string | undefined) => {
      const jail = await client.openProxy(board);
      if ((await carry(openTerminal(), jail)) === 'user') return;
      const reason = await explainEnd(client, board, 'connection');
      // Without a reason it was the jail's sshd that hung up, and has said why.
      if (reason) throw reason;
    });
};

/** Carries bytes both ways, and an end of one way too, until the jail's side is closed. Tells which side ended first. */
async function carry({ input, output }: Terminal, jail: Duplex): Promise<'user' | 'jail'> {
  let hasUserEnded = false;
  input.once('end', () => {
    hasUserEnded = true;
  });
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  jail.on('error', () => jail.destroy());
  jail.once('close', resolve);
  input.pipe(jail);
  jail.pipe(output, { end: false });
  // The jail's side has said all, and ssh has no use for half a connection.
  jail.once('end', () => jail.end());
  await closed;
  input.unpipe(jail);
  input.pause();
  // A pipe that is being read would keep the program alive.
  (input as { unref?: () => void }).unref?.();
  return hasUserEnded ? 'user' : 'jail';
}
