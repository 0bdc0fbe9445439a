import { formatTable } from './table.ts';
import type { AddVerb } from './verb.ts';

export const addClasses: AddVerb = (program, { client, output }) => {
  program
    .command('classes')
    .description('the classes of boards, and how many are free')
    .option('--available', 'only classes with a free board')
    .option('--json', 'print JSON')
    .action(async (options: { available?: true; json?: true }) => {
      const { classes } = await client.listClasses();
      const shown = options.available ? classes.filter(({ available }) => available > 0) : classes;
      if (options.json) return output.printJson({ classes: shown });
      if (shown.length === 0) return output.print(options.available ? 'no board is free' : 'the lab has no classes');
      const rows = shown.map(({ name, available, boards, description }) => [
        name,
        String(available),
        String(boards),
        description,
      ]);
      output.print(...formatTable([['CLASS', 'FREE', 'BOARDS', 'DESCRIPTION'], ...rows]));
    });
};
