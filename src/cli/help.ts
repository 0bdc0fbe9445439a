import type { Command } from 'commander';
import { LabError } from '../lab/error.ts';
import { nearestName } from '../lab/nearest-name.ts';
import { formatTable } from './table.ts';
import type { AddVerb } from './verb.ts';

export const addHelp: AddVerb = (program, { output }) => {
  program
    .command('help')
    .description('this, or more about one command')
    .argument('[command]')
    .option('--json', 'print JSON')
    .action((name: string | undefined, options: { json?: true }) => {
      const commands = program.commands.filter(command => name === undefined || command.name() === name);
      if (commands.length === 0) throw unknownCommand(program, name ?? '');
      if (options.json) {
        const described = commands.map(command => ({
          name: command.name(),
          usage: usageOf(command),
          description: command.description(),
        }));
        return output.printJson({ commands: described });
      }
      output.print(...(name === undefined ? describeProgram(program) : describeCommand(commands[0] as Command)));
    });
};

export function unknownCommand(program: Command, name: string): LabError {
  const names = program.commands.map(command => command.name());
  const near = nearestName(name, names);
  const shown = name.length > 40 ? `${name.slice(0, 40)}…` : name;
  return new LabError('usage', `there is no command ${shown}${near ? `; did you mean ${near}?` : ''}`, {
    hint: `the commands are ${names.join(', ')}`,
  });
}

export function describeProgram(program: Command): string[] {
  const rows = program.commands.map(command => [`  ${shortUsageOf(command)}`, command.description()]);
  return [
    'Share boards over ssh: ssh labhost labcli COMMAND',
    '',
    ...formatTable(rows),
    '',
    '`labcli help COMMAND` tells the options. Each takes --json. A board has a jail, where you are root: ssh root@BOARD.',
    'The console wants a terminal: ssh -t labhost labcli console',
  ];
}

function describeCommand(command: Command): string[] {
  const rows = [
    ...command.commands.map(each => [`  ${usageOf(each)}`, each.description()]),
    ...command.registeredArguments.map(argument => [
      `  ${argument.name()}`,
      argument.argChoices?.join(', ') ?? argument.description,
    ]),
    ...command.options.filter(({ hidden }) => !hidden).map(option => [`  ${option.flags}`, option.description]),
  ];
  return [`labcli ${usageOf(command)}`, `  ${command.description()}`, '', ...formatTable(rows)];
}

/** The usage on a line of the overview: of many options, that there are some. */
function shortUsageOf(command: Command): string {
  const optionCount = command.options.filter(({ long, hidden }) => long !== '--json' && !hidden).length;
  if (optionCount < 3) return usageOf(command);
  return `${usageOf(command).split(' [--')[0]} [options]`;
}

/** `claim <class> [--power]` */
function usageOf(command: Command): string {
  const args = command.registeredArguments.map(argument => {
    const name = argument.argChoices?.join('|') ?? argument.name();
    if (argument.argChoices) return name;
    const shown = argument.variadic ? `${name}...` : name;
    return argument.required ? `<${shown}>` : `[${shown}]`;
  });
  const options = command.options
    .filter(({ long, hidden }) => long !== '--json' && !hidden)
    .map(({ flags }) => `[${flags}]`);
  return [command.name(), ...args, ...options].join(' ');
}
