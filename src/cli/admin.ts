import type { Command } from 'commander';
import type { BoardSummary } from '../api/messages.ts';
import { describeBar } from '../lab/bar.ts';
import { LabError } from '../lab/error.ts';
import { addJailBase } from './admin-jail-base.ts';
import { unknownCommand } from './help.ts';
import { readLength, readMoment } from './length.ts';
import { followOperation } from './operation.ts';
import type { AddVerb, Context } from './verb.ts';

export const addAdmin: AddVerb = (program, context) => {
  const admin = program.command('admin').description('for the admins of the lab: `labcli help admin`');
  admin.helpCommand(false).exitOverride();
  for (const add of [addRelease, addOffline, addOnline, addMaintenance, addCheck, addReload, addJailBase])
    add(admin, context);
  // A word that is no command of its own ends here, with whatever follows it.
  admin.allowUnknownOption().allowExcessArguments();
  admin.action(() => {
    const [name] = admin.args;
    if (name !== undefined) throw unknownCommand(admin, name);
    throw new LabError('usage', 'admin wants to be told what', { hint: 'see `labcli help admin`' });
  });
};

type AddSubcommand = (admin: Command, context: Context) => void;

const addRelease: AddSubcommand = (admin, context) => {
  admin
    .command('release')
    .description('ends the claim of whoever holds the board')
    .argument('<board>', 'its handle, as in `labcli status`')
    .option('--if-holder <user>', 'only if this user holds it')
    .option('--reason <text>', 'for the log of events')
    .option('--cancel-waiting', "also end the holder's requests that could get the board again")
    .option('--wait', 'wait for the end of what runs on the board')
    .option('--json', 'print JSON, and no progress')
    .action(
      async (
        board: string,
        options: { ifHolder?: string; reason?: string; cancelWaiting?: true; wait?: true; json?: true },
      ) => {
        const { json, ...rest } = options;
        await followOperation(context, { kind: 'admin/release', body: { board, ...rest } }, json === true);
        if (json) return context.output.printJson({ board });
        context.output.print(`${board} is released`);
      },
    );
};

const addOffline: AddSubcommand = (admin, { client, output }) => {
  admin
    .command('offline')
    .description('the board is given to nobody, until it is online again; who holds it keeps it')
    .argument('<board>', 'its handle, as in `labcli status`')
    .requiredOption('--reason <text>', 'is shown to everybody')
    .option('--json', 'print JSON')
    .action(async (board: string, options: { reason: string; json?: true }) => {
      const answer = await client.call('POST /v1/admin/bar', { board, kind: 'offline', reason: options.reason });
      if (options.json) return output.printJson(answer.board);
      output.print(...describeBars(answer.board));
    });
};

const addOnline: AddSubcommand = (admin, { client, output }) => {
  admin
    .command('online')
    .description('lifts what keeps the board from being given out: offline, a failed health check, or a maintenance')
    .argument('<board>', 'its handle, as in `labcli status`')
    .option('--only <kind>', 'offline, health or maintenance; the first two if left out')
    .option('--json', 'print JSON')
    .action(async (board: string, options: { only?: string; json?: true }) => {
      const kind = options.only;
      if (kind !== undefined && kind !== 'offline' && kind !== 'health' && kind !== 'maintenance') {
        throw new LabError('usage', `${kind} cannot be lifted`, { hint: '--only offline, health or maintenance' });
      }
      const answer = await client.call('POST /v1/admin/unbar', { board, ...(kind === undefined ? {} : { kind }) });
      if (options.json) return output.printJson(answer.board);
      output.print(...describeBars(answer.board));
    });
};

const addMaintenance: AddSubcommand = (admin, { client, output, nowMs }) => {
  admin
    .command('maintenance')
    .description('plans a window in which nobody gets the board: new leases end before it')
    .argument('<board>', 'its handle, as in `labcli status`')
    .requiredOption('--for <time>', 'how long, such as 2h', readLength)
    .option('--from <time>', 'a moment (UTC), or how long from now; now if left out', text =>
      readMoment(text, nowMs(), 'from now'),
    )
    .requiredOption('--reason <text>', 'is shown to everybody')
    .option('--json', 'print JSON')
    .action(async (board: string, options: { for: number; from?: number; reason: string; json?: true }) => {
      const startsAtMs = options.from ?? nowMs();
      const window = { startsAtMs, endsAtMs: startsAtMs + options.for };
      const bar = { board, kind: 'maintenance', reason: options.reason, ...window } as const;
      const answer = await client.call('POST /v1/admin/bar', bar);
      if (options.json) return output.printJson(answer.board);
      output.print(...describeBars(answer.board));
    });
};

const addCheck: AddSubcommand = (admin, context) => {
  admin
    .command('check')
    .description('the health check of a free board, now')
    .argument('<board>', 'its handle, as in `labcli status`')
    .option('--json', 'print JSON, and no progress')
    .action(async (board: string, options: { json?: true }) => {
      await followOperation(context, { kind: 'admin/check', body: { board } }, options.json === true);
      if (options.json) return context.output.printJson({ board, healthy: true });
      context.output.print(`${board} is healthy`);
    });
};

const addReload: AddSubcommand = (admin, { client, output }) => {
  admin
    .command('reload')
    .description('reads lab.yaml again; live claims stay as they are')
    .option('--json', 'print JSON')
    .action(async (options: { json?: true }) => {
      const answer = await client.call('POST /v1/admin/reload', {});
      if (options.json) return output.printJson(answer);
      const line = (what: string, boards: readonly string[]) =>
        boards.length > 0 ? [`${what} ${boards.join(', ')}`] : [];
      output.print(
        'lab.yaml is loaded',
        ...line('new:', answer.added),
        ...line('gone:', answer.removed),
        ...line('kept until it is released:', answer.kept),
      );
    });
};

function describeBars(board: BoardSummary): string[] {
  return [`${board.handle} is ${board.state}`, ...board.bars.map(bar => `  ${describeBar(bar)}`)];
}
