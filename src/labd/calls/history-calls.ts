import type { HistoryList, HistoryQuery, UsageList } from '../../api/messages.ts';
import type { Identity } from '../../lab/access.ts';
import type { LabEvent } from '../../lab/event.ts';
import type { CallContext } from './calls.ts';

/** What was: open to every user of the lab, from its host. */
export interface HistoryCalls {
  listHistory(identity: Identity, query: HistoryQuery): Promise<HistoryList>;
  listUsage(identity: Identity, sinceMs: number | undefined): Promise<UsageList>;
  /** The last events that the query names; with `follow`, then those that come. */
  tellEvents(
    identity: Identity,
    query: HistoryQuery & { readonly follow: boolean },
  ): (signal: AbortSignal) => AsyncIterable<LabEvent>;
}

const defaultLimit = 100;
const pageSize = 1000;
const lookEveryMs = 500;
const monthMs = 30 * 86_400_000;

export function createHistoryCalls({ store, changes, gate }: CallContext): HistoryCalls {
  /** Not all that is recorded wakes those who wait for boards: so one also looks every so often. */
  async function waitForChange(signal: AbortSignal): Promise<void> {
    const round = new AbortController();
    const end = () => round.abort();
    const timer = setTimeout(end, lookEveryMs);
    signal.addEventListener('abort', end);
    try {
      if (!signal.aborted) await changes.wait(round.signal);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    }
  }

  return {
    async listHistory(identity, { since, limit = defaultLimit, ...filter }) {
      gate.checkOnHost(identity);
      const sinceMs = since === undefined ? {} : { sinceMs: since };
      return { claims: await store.listHistory({ ...filter, ...sinceMs, limit }) };
    },
    async listUsage(identity, sinceMs) {
      gate.checkOnHost(identity);
      return { usage: await store.listUsage(sinceMs ?? (await store.nowMs()) - monthMs) };
    },
    tellEvents(identity, { since, limit = defaultLimit, follow, ...filter }) {
      gate.checkOnHost(identity);
      return async function* (signal) {
        const sinceMs = since === undefined ? {} : { sinceMs: since };
        // What comes while the first ones are told is after this one.
        const newest = (await store.listEvents({ limit: 1 })).at(-1)?.id ?? 0;
        const first = await store.listEvents({ ...filter, ...sinceMs, limit });
        yield* first.filter(({ id }) => id <= newest);
        for (let afterId = newest; follow && !signal.aborted; ) {
          const changed = waitForChange(signal);
          const events = await store.listEvents({ ...filter, afterId, limit: pageSize });
          yield* events;
          afterId = events.at(-1)?.id ?? afterId;
          if (events.length < pageSize) await changed;
        }
      };
    },
  };
}
