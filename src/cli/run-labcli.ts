import { Command, CommanderError } from 'commander';
import { LabError } from '../lab/error.ts';
import { describeCommand, describeProgram, pathOf, unknownCommand } from './help.ts';
import { reportError } from './output.ts';
import type { Context } from './verb.ts';
import { verbs } from './verbs.ts';

/** Runs one command line, tells its errors, and gives the exit code. */
export async function runLabcli(words: readonly string[], options: Omit<Context, 'exitWith'>): Promise<number> {
  const { output } = options;
  let code = 0;
  const context: Context = {
    ...options,
    exitWith(chosen) {
      code = chosen;
    },
  };
  const [verb] = words;
  const program = createProgram(context, verb);
  try {
    if (verb === undefined || verb === '--help' || verb === '-h') {
      output.print(...describeProgram(program));
      return verb === undefined ? 2 : 0;
    }
    if (!program.commands.some(command => command.name() === verb)) throw unknownCommand(program, verb);
    await program.parseAsync(splitWaits(words), { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const isUsage = error instanceof CommanderError;
    return reportError(output, isUsage ? usageError(error, calledBy(words, program)) : error, isJsonAsked(words));
  }
}

/** With the one verb that is called, if there is one such: to add them all takes as long as the call itself. */
function createProgram(context: Context, verb: string | undefined): Command {
  const program = new Command('labcli');
  program.helpCommand(false).exitOverride();
  program.configureHelp({ formatHelp: command => describeCommand(command).join('\n') });
  program.configureOutput({
    writeOut: text => context.output.print(...text.trimEnd().split('\n')),
    writeErr: () => {},
  });
  const called = verb !== undefined && verb !== 'help' && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  for (const addVerb of called ? [called] : new Set(Object.values(verbs))) addVerb(program, context);
  return program;
}

/** An option with or without a value would swallow a class that follows it: `--wait rockpro64`. What follows `--` is not ours. */
function splitWaits(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--');
  const [ours, theirs] = end < 0 ? [words, []] : [words.slice(0, end), words.slice(end)];
  const split = ours.flatMap(word =>
    word.startsWith('--wait=') ? ['--wait-at-most', word.slice('--wait='.length)] : [word],
  );
  return [...split, ...theirs];
}

/** What follows `--` is not ours. */
function isJsonAsked(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return (end < 0 ? words : words.slice(0, end)).includes('--json');
}

/** The command that the words call, down to `admin offline`. */
function calledBy(words: readonly string[], program: Command): Command {
  const [name, ...rest] = words;
  const called = program.commands.find(command => command.name() === name);
  return called ? calledBy(rest, called) : program;
}

/** commander says `error: missing required argument 'class'`, and a suggestion on a second line. */
function usageError(error: CommanderError, command: Command): LabError {
  const [sentence = '', ...suggestion] = error.message
    .replace(/^error: /, '')
    // Its name for `--wait` with a value.
    .replace('--wait-at-most <time>', '--wait=<time>')
    .split('\n');
  const shown = sentence.length > 200 ? `${sentence.slice(0, 200)}…` : sentence;
  const isQuotingLikely = error.code === 'commander.excessArguments' && command.options.some(option => option.required);
  const hint = [
    ...(isQuotingLikely ? [`ssh takes quotes away: what has spaces is quoted twice, "'like this'"`] : []),
    `see \`labcli help ${pathOf(command).join(' ')}\``,
  ];
  return new LabError('usage', [shown, ...suggestion].join(' '), { hint: hint.join('\n') });
}
