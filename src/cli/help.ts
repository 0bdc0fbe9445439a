import type { Command } from 'commander';
import { LabError } from '../lab/error.ts';
import { nearestName } from '../lab/nearest-name.ts';
import { examples } from './examples.ts';
import { formatTerms, wrap } from './table.ts';
import type { AddVerb } from './verb.ts';

export const addHelp: AddVerb = (program, { output }) => {
  program
    .command('help')
    .description('this, or more about one command')
    .argument('[command...]', 'such as claim, or admin offline')
    .option('--json', 'print JSON')
    .action((names: readonly string[], options: { json?: true }) => {
      const command = names.reduce(findCommand, program);
      if (options.json) {
        const commands = command === program ? program.commands : [command];
        return output.printJson({ commands: commands.map(describeAsJson) });
      }
      output.print(...(command === program ? describeProgram(program) : describeCommand(command)));
    });
};

function findCommand(parent: Command, name: string): Command {
  const found = parent.commands.find(command => command.name() === name);
  if (!found) throw unknownCommand(parent, name);
  return found;
}

/** `parent` is labcli itself, or a command that has commands of its own. */
export function unknownCommand(parent: Command, name: string): LabError {
  const names = parent.commands.map(command => command.name());
  const near = nearestName(name, names);
  const shown = name.length > 40 ? `${name.slice(0, 40)}…` : name;
  const path = [...pathOf(parent), shown].join(' ');
  return new LabError('usage', `there is no command ${path}${near ? `; did you mean ${near}?` : ''}`, {
    hint: names.length > 0 ? `the commands are ${names.join(', ')}` : `see \`labcli help ${pathOf(parent).join(' ')}\``,
  });
}

export function describeProgram(program: Command): string[] {
  return [
    'Share boards over ssh: ssh labhost labcli COMMAND',
    '',
    ...formatTerms(program.commands.map(command => [usageOf(command), command.description()])),
    '',
    '`labcli help COMMAND` tells the options. Each command takes --json. A board has',
    'a jail, where you are root: ssh root@BOARD. The console wants a terminal:',
    'ssh -t labhost labcli console',
    'Exit codes: 0 done, 2 wrong use, 3 not found, 4 not yours, 5 busy, 6 a device',
    'failed, 7 the daemon is not there, 8 too late, 70 a bug.',
  ];
}

export function describeCommand(command: Command): string[] {
  const path = pathOf(command).join(' ');
  const parts = [
    formatTerms(command.commands.map(each => [usageOf(each), each.description()])),
    formatTerms([
      ...command.registeredArguments.map(argument => [
        argument.name(),
        argument.argChoices?.join(', ') ?? argument.description,
      ]),
      ...command.options.filter(({ hidden }) => !hidden).map(option => [option.flags, option.description]),
    ]),
    (examples[path] ?? []).map(example => `  ssh labhost labcli ${example}`),
  ];
  const usage = ['labcli', ...pathOf(command).slice(0, -1), usageOf(command)].join(' ');
  return [
    usage,
    ...wrap(command.description(), 78).map(line => `  ${line}`),
    ...parts.flatMap(lines => (lines.length > 0 ? ['', ...lines] : [])),
  ];
}

function describeAsJson(command: Command) {
  return { name: command.name(), usage: fullUsageOf(command), description: command.description() };
}

/** The words that call it, such as `admin offline`. */
export function pathOf(command: Command): string[] {
  return command.parent ? [...pathOf(command.parent), command.name()] : [];
}

/** Of many options, that there are some: `claim [class...] [options]`. */
function usageOf(command: Command): string {
  const optional = listOptions(command).filter(({ mandatory }) => !mandatory);
  return optional.length < 3 ? fullUsageOf(command) : joinUsage(command, ['[options]']);
}

/** `classes [--available]` */
function fullUsageOf(command: Command): string {
  return joinUsage(
    command,
    listOptions(command)
      .filter(({ mandatory }) => !mandatory)
      .map(({ flags }) => `[${flags}]`),
  );
}

function listOptions(command: Command) {
  return command.options.filter(({ long, hidden }) => long !== '--json' && !hidden);
}

function joinUsage(command: Command, optional: readonly string[]): string {
  const mandatory = listOptions(command).filter(option => option.mandatory);
  const options = [...mandatory.map(({ flags }) => flags), ...optional];
  const args = command.registeredArguments.map(argument => {
    if (argument.argChoices) return argument.argChoices.join('|');
    const shown = argument.variadic ? `${argument.name()}...` : argument.name();
    return argument.required ? `<${shown}>` : `[${shown}]`;
  });
  // Words that are all somebody else's come last, where no option is looked for.
  const last = command.registeredArguments.at(-1);
  const isPassedOn = last?.variadic && last.required;
  const own = isPassedOn ? args.slice(0, -1) : args;
  return [command.name(), ...own, ...options, ...(isPassedOn ? ['--', args.at(-1)] : [])].join(' ');
}
