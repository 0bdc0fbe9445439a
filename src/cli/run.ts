import { Option } from 'commander';
import type { LabClient } from '../api/client.ts';
import type { ClaimedBoard } from '../api/messages.ts';
import { exitCodeOf, LabError } from '../lab/error.ts';
import { buildRequest, type ClaimOptions } from './claim.ts';
import { collect, readLength } from './length.ts';
import { followOperation, type Outcome } from './operation.ts';
import { reportError } from './output.ts';
import type { JailSession } from './run-in-jail.ts';
import { quoteWord } from './shell-words.ts';
import type { AddVerb, Context } from './verb.ts';

interface RunOptions extends ClaimOptions {
  readonly upload?: string;
  readonly download?: string;
}

/** The lab's own failures end with these, so that they are told from the command's own: 200 and the usual exit code. */
const labFailure = 200;
const bugExit = 210;

export const addRun: AddVerb = (program, context) => {
  program
    .command('run')
    .description('claims a board, runs a command in its jail, releases whatever happens; ends with its exit code')
    .argument('<class>', 'see `labcli classes`')
    .argument('<command...>', 'after --, as in: run rockpro64 -- make test')
    .option('--with <label>', 'only a board with this label; can be repeated', collect, [])
    .option('--for <time>', 'how long at most, such as 20m; the class has a default', readLength)
    .option('--wait', 'wait in the queue; --wait=30m for 30 minutes at most')
    .addOption(new Option('--wait-at-most <time>').argParser(readLength).hideHelp())
    .option('--power', 'power the board on first')
    .option('--upload <folder>', 'unpack the tar file on standard input there first, and run in it')
    .option(
      '--download <folder>',
      'give it as a tar file on standard output; the command then writes to standard error',
    )
    .option('--json', 'errors as JSON')
    .action(async (boardClass: string, command: readonly string[], options: RunOptions) => {
      try {
        context.exitWith(await runCommand(context, boardClass, command, options));
      } catch (error) {
        const code = reportError(context.output, error, options.json === true);
        context.exitWith(code === exitCodeOf('bug') ? bugExit : labFailure + code);
      }
    });
};

async function runCommand(
  context: Context,
  boardClass: string,
  command: readonly string[],
  options: RunOptions,
): Promise<number> {
  const { client, loadRunner, watchConnection, onSignal } = context;
  const { createRunKey, openJailSession } = await loadRunner();
  const { privateKey, publicKey } = createRunKey();
  const request = buildRequest([boardClass], { ...options, board: [], key: [publicKey], hold: true });
  const { promise: standing, resolve, reject } = Promise.withResolvers<Outcome>();
  // The claim lives by this program's connection to labd: if nothing else releases it, its end does.
  const claim = followOperation(context, { kind: 'claim', body: request }, options.json === true, resolve);
  const lost = claim.then(
    () => new LabError('unreachable', 'the claim has ended'),
    (error: unknown) => error,
  );
  void lost.then(reject);
  let session: JailSession | undefined;
  const gone = Promise.withResolvers<never>();
  gone.promise.catch(() => {});
  watchConnection(() => gone.reject(new LabError('unreachable', 'the connection was lost')));
  const stopListening = onSignal(name => {
    if (session) session.signal(name);
    else gone.reject(new LabError('timeout', `ended by SIG${name} before the command ran`));
  });
  const ended = Promise.race([gone.promise, lost.then(error => Promise.reject(error))]);
  ended.catch(() => {});

  const { claims } = await Promise.race([standing, gone.promise]);
  const [mine] = claims;
  if (!mine) throw new LabError('bug', 'labd ended the claim without telling which');
  const outcome = await settle(async () => {
    const jail = await client.openProxy(mine.board);
    const opened = await openJailSession(jail, privateKey).catch(throwBroken);
    session = { ...opened, run: (...call) => opened.run(...call).catch(throwBroken) };
    return Promise.race([runSteps(context, session, command, options), ended]);
  });
  stopListening();
  session?.close();
  const loss = await giveBack(context, mine, options.json === true);
  if ('value' in outcome) return outcome.value;
  throw loss ?? outcome.error;
}

function throwBroken(cause: unknown): never {
  const hint = 'the command may have ended its jail, or the lab is being restarted: `labcli history` says more';
  throw new LabError('unreachable', 'the connection to the jail broke before the command had ended', { hint, cause });
}

async function settle<T>(action: () => Promise<T>): Promise<{ readonly value: T } | { readonly error: unknown }> {
  try {
    return { value: await action() };
  } catch (error) {
    return { error };
  }
}

/** Releases the board. If the claim had an end already, gives what that was: the command did not break by itself. */
async function giveBack(
  context: Context,
  { board, epoch }: ClaimedBoard,
  isSilent: boolean,
): Promise<LabError | undefined> {
  const { client, output } = context;
  const tellReleased = () => {
    if (!isSilent) output.tell(`${board} is released`);
  };
  try {
    await followOperation(context, { kind: 'release', body: { board, wait: true } }, true);
    tellReleased();
    return undefined;
  } catch (error) {
    const ended = await findEnd(client, board, epoch).catch(() => undefined);
    if (ended === undefined) {
      // What the command ended with is known all the same, and that is what was asked for.
      reportError(output, error, false);
      return undefined;
    }
    tellReleased();
    if (ended === 'expired') {
      const hint = '`--for` asks for a longer one';
      return new LabError('timeout', `the lease of ${board} ended before the command did`, { hint });
    }
    return new LabError('denied', `the claim of ${board} ended before the command did: ${ended}`);
  }
}

/** Why the claim has ended; `undefined` if it has not. */
async function findEnd(client: LabClient, board: string, epoch: number): Promise<string | undefined> {
  const { claims } = await client.call('GET /v1/history', { board, limit: 20 });
  return claims.find(claim => claim.epoch === epoch)?.reason;
}

async function runSteps(
  { openTerminal }: Context,
  session: JailSession,
  command: readonly string[],
  { upload, download }: RunOptions,
): Promise<number> {
  const { input, output: stdout, errors: stderr } = openTerminal();
  const line = command.map(quoteWord).join(' ');
  if (upload !== undefined) {
    const folder = quoteWord(upload);
    const unpack = `mkdir -p ${folder} && tar -x -f - -C ${folder}`;
    const code = await session.run(unpack, { stdin: input, stdout: stderr, stderr });
    if (code !== 0) throw new LabError('usage', `the upload could not be unpacked into ${upload} (tar: ${code})`);
  }
  const code = await session.run(upload === undefined ? line : `cd ${quoteWord(upload)} && ${line}`, {
    // What was uploaded was all of the input.
    ...(upload === undefined ? { stdin: input } : {}),
    stdout: download === undefined ? stdout : stderr,
    stderr,
  });
  if (download === undefined) return code;
  const packed = await session.run(`tar -c -f - -C ${quoteWord(download)} .`, { stdout, stderr });
  // A command that failed may have left nothing to pack: its own code says more.
  if (packed !== 0 && code === 0) throw new LabError('not-found', `${download} could not be packed (tar: ${packed})`);
  return code;
}
