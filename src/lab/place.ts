import type { Request } from './request.ts';
import { signatureOf, type Want } from './want.ts';

/** Where a request stands in the queue. */
export interface Place {
  readonly request: Request;
  /** From 1. */
  readonly position: number;
  /** How many boards are asked for, by those in front of it, that it could want, too. */
  readonly boardsAhead: number;
  /** Of its wants. */
  readonly signature: string;
}

/** `queue` is in the order in which it is served. */
export function findPlaces(queue: readonly Request[]): Place[] {
  const groups = new Map<string, { readonly wants: readonly Want[]; boards: number }>();
  return queue.map((request, index) => {
    const { wants } = request;
    const signature = signatureOf(wants);
    let boardsAhead = 0;
    for (const group of groups.values()) if (compete(group.wants, wants)) boardsAhead += group.boards;
    const own = groups.get(signature) ?? { wants, boards: 0 };
    own.boards += wants.length;
    groups.set(signature, own);
    return { request, position: index + 1, boardsAhead, signature };
  });
}

/** Could they want the same board? Labels may tell them apart, so this errs on the side of a longer wait. */
function compete(a: readonly Want[], b: readonly Want[]): boolean {
  return a.some(one =>
    b.some(other => {
      if (one.board !== undefined && other.board !== undefined) return one.board === other.board;
      return one.class === undefined || other.class === undefined || one.class === other.class;
    }),
  );
}
