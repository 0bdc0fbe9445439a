import type { Database } from 'better-sqlite3';
import type { LabEvent } from '../../src/lab/event.ts';

interface EventRow {
  readonly id: number;
  readonly at: number;
  readonly seq: number;
  readonly kind: string;
  readonly board: string | null;
  readonly user_name: string | null;
  readonly actor: string;
  readonly epoch: number | null;
  readonly cause: string | null;
  readonly detail: string;
}

/** Gives what reads the events that were added since it was called last. It does not use the store, which is under test. */
export function createLogReader(database: Database): () => LabEvent[] {
  const select = database.prepare<[number], EventRow>('select * from event where id > ? order by id');
  let lastId = 0;
  return () => {
    const rows = select.all(lastId);
    lastId = rows.at(-1)?.id ?? lastId;
    return rows.map(readEvent);
  };
}

function readEvent({ id, at, seq, kind, board, user_name, actor, epoch, cause, detail }: EventRow): LabEvent {
  return {
    id,
    atMs: at,
    seq,
    kind,
    actor,
    detail: JSON.parse(detail) as unknown,
    ...(board === null ? {} : { board }),
    ...(user_name === null ? {} : { user: user_name }),
    ...(epoch === null ? {} : { epoch }),
    ...(cause === null ? {} : { cause }),
  } as LabEvent;
}
