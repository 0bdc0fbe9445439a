import { Argument, type Command } from 'commander';
import type { Context } from './verb.ts';

/** `admin jail-base build` */
export function addJailBase(admin: Command, { client, output }: Context): void {
  admin
    .command('jail-base')
    .description('a new root file system for jails to come, from /opt/labcli/jails; jails that are there keep theirs')
    .addArgument(new Argument('<action>').choices(['build']))
    .option('--json', 'print JSON, and no progress')
    .action(async (_action: string, options: { json?: true }) => {
      for await (const event of client.buildJailBase()) {
        if (event.event === 'line' && !options.json) output.tell(event.line);
        if (event.event !== 'done') continue;
        if (options.json) output.printJson({ base: event.base });
        else output.print(`new jails are built on ${event.base}`);
      }
    });
}
