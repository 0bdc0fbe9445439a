import { InvalidArgumentError } from 'commander';
import type { HistoryQuery } from '../api/messages.ts';
import { LabError } from '../lab/error.ts';
import type { LabEvent } from '../lab/event.ts';
import { formatMoment } from '../lab/format-moment.ts';
import { describeWant, type Want } from '../lab/want.ts';
import { formatLogTime, formatRoughLength } from './expiry.ts';
import { readMoment } from './length.ts';
import { formatTable } from './table.ts';
import type { AddVerb } from './verb.ts';

interface Options {
  readonly board?: string;
  readonly user?: string;
  readonly since?: number;
  readonly limit?: number;
  readonly follow?: true;
  readonly json?: true;
}

export const addHistory: AddVerb = (program, { client, output, nowMs }) => {
  program
    .command('history')
    .description('who had which board, newest first')
    .option('--board <handle>', 'of this board alone')
    .option('--user <name>', 'of this user alone')
    .option('--since <time>', 'a moment (UTC), or how long ago: 7d', text => readMoment(text, nowMs(), 'ago'))
    .option('--limit <number>', 'at most so many; 100 if left out', readLimit)
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      const list = await client.call('GET /v1/history', buildQuery(options));
      if (options.json) return output.printJson(list);
      if (list.claims.length === 0) return output.print('no claims');
      const rows = list.claims.map(({ board, user, epoch, fromMs, toMs, reason }) => [
        board,
        user,
        String(epoch),
        formatCell(fromMs),
        toMs === undefined ? '-' : formatCell(toMs),
        reason ?? 'held',
      ]);
      output.print(...formatTable([['BOARD', 'USER', 'EPOCH', 'FROM (UTC)', 'TO (UTC)', 'END'], ...rows]));
    });
};

export const addUsage: AddVerb = (program, { client, output, nowMs }) => {
  program
    .command('usage')
    .description('board hours by day (UTC), user and class')
    .option('--since <time>', 'a moment (UTC), or how long ago; 30d if left out', text =>
      readMoment(text, nowMs(), 'ago'),
    )
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      const { since } = options;
      const list = await client.call('GET /v1/usage', since === undefined ? {} : { since });
      if (options.json) return output.printJson(list);
      if (list.usage.length === 0) return output.print('no claims');
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
    .option('--board <handle>', 'of this board alone')
    .option('--user <name>', 'of this user alone')
    .option('--since <time>', 'a moment (UTC), or how long ago: 7d', text => readMoment(text, nowMs(), 'ago'))
    .option('--limit <number>', 'the last so many; 100 if left out', readLimit)
    .option('--follow', 'go on with those that come')
    .option('--json', 'print JSON, one object a line')
    .action(async (options: Options) => {
      const isFollowing = options.follow === true;
      if (isFollowing) watchConnection();
      const query = { ...buildQuery(options), follow: isFollowing };
      for await (const event of client.tellEvents(query)) {
        if (options.json) output.printJson(event);
        else output.print(lineOf(event));
      }
      if (!isFollowing) return;
      throw new LabError('unreachable', "the lab's daemon (labd) has gone away, and the events with it", {
        hint: '`labcli events --follow` goes on with a labd that has come back; `--since` tells what was between',
      });
    });
};

function buildQuery({ board, user, since, limit }: Options): HistoryQuery {
  return {
    ...(board === undefined ? {} : { board }),
    ...(user === undefined ? {} : { user }),
    ...(since === undefined ? {} : { since }),
    ...(limit === undefined ? {} : { limit }),
  };
}

function lineOf({ atMs, kind, board, user, actor, epoch, cause, detail }: LabEvent): string {
  const facts = Object.entries(detail).map(([name, value]) => describeFact(name, value));
  return [
    formatLogTime(atMs),
    kind,
    ...(board === undefined ? [] : [board]),
    ...(epoch === undefined ? [] : [`epoch ${epoch}`]),
    ...(user === undefined || user === actor ? [] : [`of ${user}`]),
    `by ${actor}`,
    ...(cause === undefined ? [] : [`(${cause})`]),
    ...facts,
  ].join(' ');
}

/** Longer values are cut: `--json` has all of them. */
const longestValue = 200;

/** `expiresAt=2031-05-04T09:30:00Z`, `lease=1h30m`, `wants=rockpro64 with sdmux`. */
function describeFact(name: string, value: unknown): string {
  if (typeof value === 'number' && name.endsWith('Ms')) {
    const isMoment = name.endsWith('AtMs') || name === 'untilMs';
    const length = `${value < 0 ? '-' : ''}${formatRoughLength(Math.abs(value))}`;
    return `${name.slice(0, -'Ms'.length)}=${isMoment ? formatLogTime(value) : length}`;
  }
  const text =
    name === 'wants'
      ? (value as readonly Want[]).map(describeWant).join(' and ')
      : typeof value === 'string'
        ? value
        : JSON.stringify(value);
  return `${name}=${text.length > longestValue ? `${text.slice(0, longestValue)}…` : text}`;
}

/** For a column that says that it is UTC. */
function formatCell(atMs: number): string {
  return formatMoment(atMs).replace(' UTC', '');
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 10_000) return limit;
  throw new InvalidArgumentError('A limit is a whole number from 1 to 10000.');
}
