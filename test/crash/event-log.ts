import type { LabEvent } from '../../src/lab/event.ts';

/** Reads the lab's events as they were added, and finds what must never be in them. */
export interface LogCheck {
  /** Takes the newest events, all that came since the last call among them; gives what is wrong with the new ones. */
  take(events: readonly LabEvent[]): string[];
}

export function createLogCheck(): LogCheck {
  const epochs = new Map<string, number>();
  const holders = new Map<string, string>();
  let lastId = 0;

  function findWrong({ kind, board = '', user = '', epoch = 0, id }: LabEvent): string | undefined {
    if (kind === 'claim-granted') {
      const before = epochs.get(board) ?? 0;
      const holder = holders.get(board);
      epochs.set(board, epoch);
      holders.set(board, user);
      if (holder !== undefined) return `event ${id}: ${board} is given to ${user} while ${holder} holds it`;
      if (epoch !== before + 1) return `event ${id}: the epoch of ${board} goes from ${before} to ${epoch}`;
    }
    if (kind === 'claim-ended') {
      if (!holders.delete(board)) return `event ${id}: a claim of ${board} ends twice`;
      if (epoch !== epochs.get(board)) return `event ${id}: epoch ${epoch} of ${board} ends, which is over`;
    }
    return undefined;
  }

  return {
    take(events) {
      const news = events.filter(({ id }) => id > lastId);
      const [first] = news;
      const gap = first && first.id !== lastId + 1 ? [`the events between ${lastId} and ${first.id} are lost`] : [];
      lastId = news.at(-1)?.id ?? lastId;
      return [...gap, ...news.flatMap(event => findWrong(event) ?? [])];
    },
  };
}
