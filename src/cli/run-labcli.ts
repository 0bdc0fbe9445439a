import { Command, CommanderError } from 'commander';
import { LabError } from '../lab/error.ts';
import { describeProgram, unknownCommand } from './help.ts';
import { reportError } from './output.ts';
import type { Context } from './verb.ts';
import { verbs } from './verbs.ts';

/** Runs one command line, tells its errors, and gives the exit code. */
export async function runLabcli(words: readonly string[], context: Context): Promise<number> {
  const { output } = context;
  try {
    const program = createProgram(context);
    const [verb] = words;
    if (verb === undefined || verb === '--help' || verb === '-h') {
      output.print(...describeProgram(program));
      return verb === undefined ? 2 : 0;
    }
    if (!program.commands.some(command => command.name() === verb)) throw unknownCommand(program, verb);
    await program.parseAsync(words.flatMap(splitWait), { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const isUsage = error instanceof CommanderError;
    return reportError(output, isUsage ? usageError(error, words[0]) : error, words.includes('--json'));
  }
}

function createProgram(context: Context): Command {
  const program = new Command('labcli');
  program.helpCommand(false).exitOverride();
  program.configureOutput({
    writeOut: text => context.output.print(...text.trimEnd().split('\n')),
    writeErr: () => {},
  });
  for (const addVerb of verbs) addVerb(program, context);
  return program;
}

/** An option with or without a value would swallow a class that follows it: `--wait rockpro64`. */
function splitWait(word: string): readonly string[] {
  return word.startsWith('--wait=') ? ['--wait-at-most', word.slice('--wait='.length)] : [word];
}

/** commander says `error: missing required argument 'class'`, and a suggestion on a second line. */
function usageError(error: CommanderError, verb: string | undefined): LabError {
  const [sentence = '', ...suggestion] = error.message.replace(/^error: /, '').split('\n');
  const shown = sentence.length > 200 ? `${sentence.slice(0, 200)}…` : sentence;
  return new LabError('usage', [shown, ...suggestion].join(' '), { hint: `see \`labcli help ${verb}\`` });
}
