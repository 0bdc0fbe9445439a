import type { LabEvent } from '../../src/lab/event.ts';
import { checkEvent } from './check-event.ts';
import { checkServed } from './check-queue.ts';
import { applyEvent, type CheckedLab } from './checked-lab.ts';

/** Reads the log of events, change by change, and finds what must not be in it. */
export interface LogCheck {
  readonly lab: CheckedLab;
  readonly changes: number;
  /** Events in their order, of whole changes. Throws an error that tells what is wrong. */
  read(events: readonly LabEvent[]): void;
}

export function createLogCheck(): LogCheck {
  const lab: CheckedLab = { boards: new Map(), queue: new Map() };
  let last = { id: 0, seq: 0 };
  let changes = 0;
  /** Until when nobody can wait beside a board: the queue was served at this moment, and nothing has freed one since. */
  let servedAtMs: number | undefined;

  function fail(change: readonly LabEvent[], what: string): never {
    throw new Error(`${what}\nin ${change.map(event => JSON.stringify(event)).join('\n   ')}`);
  }

  function readChange(change: readonly LabEvent[]): void {
    const [first] = change;
    if (!first) return;
    const { seq, atMs } = first;
    if (seq <= last.seq) fail(change, `change ${seq} comes after ${last.seq}`);
    if (change.some(event => event.atMs !== atMs)) fail(change, 'one change at two times');
    if (change.some(({ id }, index) => index > 0 && id <= (change[index - 1]?.id ?? 0))) fail(change, 'out of order');
    if (first.id <= last.id) fail(change, 'an event was added before others');
    last = { id: change.at(-1)?.id ?? 0, seq };
    changes += 1;

    const isGrant = (event: LabEvent) => event.kind === 'claim-granted' && event.detail.request > 0;
    const begin = change.findIndex(isGrant);
    const grantedTo = new Map<number, string[]>();
    for (const event of change) {
      if (event.kind !== 'claim-granted' || event.detail.request === 0) continue;
      const { request } = event.detail;
      grantedTo.set(request, [...(grantedTo.get(request) ?? []), event.board ?? '']);
    }
    for (const [index, event] of change.entries()) {
      if (index === begin) serve(change, atMs, grantedTo);
      const wrong = checkEvent(lab, event, change);
      if (wrong !== undefined) fail(change, wrong);
      applyEvent(lab, event);
    }
    const isServed = servesQueue(change);
    if (begin >= 0 && !isServed) fail(change, 'boards are given out by a change that serves nobody');
    if (isServed) servedAtMs = atMs;
    // A window in the place of another one, and the end of one for whom boards were set aside, are for the next to serve.
    else if (change.some(({ kind }) => kind === 'bar-set' || kind === 'request-ended' || kind === 'clock-set')) {
      servedAtMs = undefined;
    }
    if (servedAtMs === atMs) serve(change, atMs, new Map());
    for (const id of grantedTo.keys())
      if (lab.queue.has(id)) fail(change, `request ${id} waits with what it waited for`);
  }

  function serve(change: readonly LabEvent[], atMs: number, grantedTo: ReadonlyMap<number, readonly string[]>): void {
    const wrong = checkServed(lab, atMs, grantedTo);
    if (wrong !== undefined) fail(change, wrong);
  }

  return {
    lab,
    get changes() {
      return changes;
    },
    read(events) {
      const bySeq: LabEvent[][] = [];
      for (const event of events) {
        const change = bySeq.at(-1);
        if (change?.[0]?.seq === event.seq) change.push(event);
        else bySeq.push([event]);
      }
      for (const change of bySeq) readChange(change);
    },
  };
}

/** Whether it is one of those changes that end with a look at the queue. */
function servesQueue(change: readonly LabEvent[]): boolean {
  const kinds = new Set(change.map(({ kind }) => kind));
  if (kinds.has('request-queued') || kinds.has('claim-ended')) return true;
  if (kinds.has('board-listed') || kinds.has('board-unlisted')) return true;
  if (kinds.has('bar-lifted') && !kinds.has('operation-ended')) return true;
  // Otherwise it was time alone.
  return change.some(
    event =>
      (event.kind === 'claim-granted' && event.detail.request > 0) ||
      (event.kind === 'request-ended' && event.detail.reason === 'timeout'),
  );
}
