import type { HistoryList, UsageList } from '../api/messages.ts';
import type { LabEvent } from '../lab/event.ts';
import { formatMoment } from '../lab/format-moment.ts';
import { linesToRead } from './text.ts';

export function textOfHistory({ claims }: HistoryList): string {
  return linesToRead(
    claims.map(({ board, user, epoch, fromMs, toMs, reason }) => {
      const end = toMs === undefined ? 'now' : formatMoment(toMs);
      return [board, user, `epoch ${epoch}`, `${formatMoment(fromMs)} to ${end}`, reason ?? ''].join('  ').trimEnd();
    }),
  );
}

export function textOfUsage({ usage }: UsageList): string {
  return linesToRead(
    usage.map(({ dayMs, user, class: name, claims, ms }) =>
      [new Date(dayMs).toISOString().slice(0, 10), user, name, `${claims} claims`, `${hours(ms)} h`].join('  '),
    ),
  );
}

function hours(ms: number): string {
  return (ms / 3_600_000).toFixed(1);
}

export function textOfEvents({ atMs, kind, board, user, actor, epoch, cause, detail }: LabEvent): string {
  const what = [kind, board, user === undefined ? undefined : `user ${user}`, `by ${actor}`];
  const more = [epoch === undefined ? undefined : `epoch ${epoch}`, cause, JSON.stringify(detail)];
  return `${formatMoment(atMs)}  ${[...what, ...more].filter(Boolean).join('  ')}\n`;
}
