import { InvalidArgumentError } from 'commander';
import type { HistoryQuery } from '../api/messages.ts';
import type { LabEvent } from '../lab/event.ts';
import { formatLocalTime } from './expiry.ts';
import { readMoment } from './length.ts';
import { formatTable } from './table.ts';
import type { AddVerb } from './verb.ts';

interface Options {
  readonly board?: string;
  readonly user?: string;
  readonly since?: string;
  readonly limit?: number;
  readonly follow?: true;
  readonly json?: true;
}

export const addHistory: AddVerb = (program, { client, output, nowMs }) => {
  program
    .command('history')
    .description('who had which board, newest first')
    .option('--board <handle>')
    .option('--user <name>')
    .option('--since <time>', 'a date, or how long ago: 7d')
    .option('--limit <number>', 'at most so many (100)', readLimit)
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      const list = await client.call('GET /v1/history', buildQuery(options, nowMs()));
      if (options.json) return output.printJson(list);
      const rows = list.claims.map(({ board, user, epoch, fromMs, toMs, reason }) => [
        board,
        user,
        String(epoch),
        formatLocalTime(fromMs),
        toMs === undefined ? '-' : formatLocalTime(toMs),
        reason ?? 'held',
      ]);
      output.print(...formatTable([['BOARD', 'USER', 'EPOCH', 'FROM', 'TO', 'END'], ...rows]));
    });
};

export const addUsage: AddVerb = (program, { client, output, nowMs }) => {
  program
    .command('usage')
    .description('board hours by day (UTC), user and class')
    .option('--since <time>', 'a date, or how long ago: 7d (30d)')
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      const { since } = buildQuery(options, nowMs());
      const list = await client.call('GET /v1/usage', since === undefined ? {} : { since });
      if (options.json) return output.printJson(list);
      const rows = list.usage.map(({ dayMs, user, class: name, claims, ms }) => [
        new Date(dayMs).toISOString().slice(0, 10),
        user,
        name,
        String(claims),
        (ms / 3_600_000).toFixed(2),
      ]);
      output.print(...formatTable([['DAY', 'USER', 'CLASS', 'CLAIMS', 'HOURS'], ...rows]));
    });
};

export const addEvents: AddVerb = (program, { client, output, nowMs, watchConnection }) => {
  program
    .command('events')
    .description('every change of the lab: when, what, who and why')
    .option('--board <handle>')
    .option('--user <name>')
    .option('--since <time>', 'a date, or how long ago: 7d')
    .option('--limit <number>', 'the last so many (100)', readLimit)
    .option('--follow', 'go on with those that come')
    .option('--json', 'print JSON, one object a line')
    .action(async (options: Options) => {
      const isFollowing = options.follow === true;
      if (isFollowing) watchConnection();
      const query = { ...buildQuery(options, nowMs()), follow: isFollowing };
      for await (const event of client.tellEvents(query)) {
        if (options.json) output.printJson(event);
        else output.print(lineOf(event));
      }
    });
};

function buildQuery({ board, user, since, limit }: Options, nowMs: number): HistoryQuery {
  return {
    ...(board === undefined ? {} : { board }),
    ...(user === undefined ? {} : { user }),
    ...(since === undefined ? {} : { since: readMoment(since, nowMs, 'ago') }),
    ...(limit === undefined ? {} : { limit }),
  };
}

function lineOf({ atMs, kind, board, user, actor, epoch, cause, detail }: LabEvent): string {
  const facts = Object.entries(detail).map(([name, value]) => `${name}=${showValue(name, value)}`);
  return [
    formatLocalTime(atMs),
    kind,
    ...(board === undefined ? [] : [board]),
    ...(epoch === undefined ? [] : [`epoch ${epoch}`]),
    ...(user === undefined || user === actor ? [] : [`of ${user}`]),
    `by ${actor}`,
    ...(cause === undefined ? [] : [`(${cause})`]),
    ...facts,
  ].join(' ');
}

function showValue(name: string, value: unknown): string {
  if (name.endsWith('Ms') && typeof value === 'number') return formatLocalTime(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 10_000) return limit;
  throw new InvalidArgumentError('A limit is a whole number from 1 to 10000.');
}
