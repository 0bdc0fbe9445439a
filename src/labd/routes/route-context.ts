import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Identity } from '../../lab/access.ts';
import type { Calls } from '../calls/calls.ts';

/** What the routes of each subject are added with. */
export interface RouteContext {
  readonly app: FastifyInstance;
  readonly calls: Calls;
  identityOf(request: FastifyRequest): Identity;
  /** JSON; or, where a jail may ask, lines to read for callers who have no JSON at hand. */
  answer<T>(request: FastifyRequest, reply: FastifyReply, value: T, toText?: (value: T) => string): FastifyReply;
  /** JSON, one event a line, as they come. The signal is aborted when the reader leaves. */
  stream(
    request: FastifyRequest,
    reply: FastifyReply,
    events: (signal: AbortSignal) => AsyncIterable<object>,
  ): FastifyReply;
}
