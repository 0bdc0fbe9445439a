import { randomUUID } from 'node:crypto';
import { PassThrough } from 'node:stream';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import * as z from 'zod';
import {
  type BaseEvent,
  type ExportList,
  type HostAuthorityKey,
  type JailEvent,
  type JailList,
  longestExports,
} from '../api/jail-messages.ts';
import { type ErrorMessage, httpStatusOf, LabError } from '../lab/error.ts';
import type { BaseBuilder } from './base-builder.ts';
import type { Jails, ReportStep } from './jails.ts';

const handle = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/);
const boardParams = z.strictObject({ board: handle });
const listQuery = z.strictObject({ board: handle.optional() });
const epoch = z.int().min(1);
const jailRequest = z.strictObject({
  epoch,
  user: z.string().min(1).max(64),
  expiresAtMs: z.int().min(0).max(8_640_000_000_000_000),
  sharedWith: z.array(z.string().max(64)).max(100).default([]),
  // A line of an authorized_keys file without options: nothing but a key may come this way.
  keys: z
    .array(
      z
        .string()
        .max(16_384)
        .regex(/^(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/]+=*( \P{Cc}*)?$/u),
    )
    .max(100)
    .default([]),
});
const exportsRequest = z.strictObject({ epoch, text: z.string().max(longestExports) });
const removalQuery = z.strictObject({ epoch: z.string().regex(/^\d+$/).transform(Number).pipe(epoch) });

export interface ServerOptions {
  readonly jails: Jails;
  readonly baseBuilder: BaseBuilder;
  /** Reads lab.yaml again. Throws when it is wrong, or changes what jails that are there stand on. */
  readonly reload: () => Promise<void>;
  readonly log: (message: string) => void;
}

/** jaild's API (see api/jail-messages.ts), not listening yet. */
export function createServer({ jails, baseBuilder, reload, log }: ServerOptions): FastifyInstance {
  const server = Fastify({ logger: false, bodyLimit: 65_536 });

  server.get('/v1/jails', async (request): Promise<JailList> => {
    const { board } = parse(listQuery, request.query);
    return { jails: await jails.inspect(board) };
  });

  server.put('/v1/jails/:board', async (request, reply) => {
    const { board } = parse(boardParams, request.params);
    const body = parse(jailRequest, request.body);
    return streamSteps(reply, `build ${board}`, report => jails.build(board, body, report));
  });

  server.get('/v1/host-authority', async (): Promise<HostAuthorityKey> => ({ publicKey: jails.authorityKey }));

  server.post('/v1/jails/:board/renew', async request => {
    const { board } = parse(boardParams, request.params);
    await jails.renew(board, parse(jailRequest, request.body));
    return {};
  });

  server.put('/v1/jails/:board/exports', async (request): Promise<ExportList> => {
    const { board } = parse(boardParams, request.params);
    return { exports: await jails.applyExports(board, parse(exportsRequest, request.body)) };
  });

  server.delete('/v1/jails/:board', async (request, reply) => {
    const { board } = parse(boardParams, request.params);
    const query = parse(removalQuery, request.query);
    return streamSteps(reply, `remove ${board}`, report => jails.remove(board, query.epoch, report));
  });

  server.post('/v1/base', async (_request, reply) =>
    streamEvents<BaseEvent>(reply, 'the build of a base', async send => {
      const base = await baseBuilder.build(line => send({ event: 'line', line }));
      return { event: 'done', base };
    }),
  );

  server.post('/v1/reload', async () => {
    await reload();
    return {};
  });

  server.setNotFoundHandler(async (_request, reply) => {
    const error = new LabError('not-found', 'jaild has no such call').toMessage();
    return reply.status(httpStatusOf('not-found')).send({ error });
  });

  server.setErrorHandler(async (error, request, reply) => {
    const message = toMessage(error, `${request.method} ${request.url}`);
    return reply.status(httpStatusOf(message.code)).send({ error: message });
  });

  /**
   * Answers with an event a line as they happen. An operation that is refused before its first step is answered with the
   * status of its error instead. It goes on to its end even if the caller goes away.
   */
  async function streamEvents<Event extends JailEvent | BaseEvent>(
    reply: FastifyReply,
    what: string,
    operate: (send: (event: Event) => void) => Promise<Event>,
  ) {
    const stream = new PassThrough();
    // The caller went away: what it is not told any more happens all the same.
    stream.on('error', () => {});
    const write = (event: JailEvent | BaseEvent) => stream.write(`${JSON.stringify(event)}\n`);
    const begun = Promise.withResolvers<void>();
    const ended = operate(event => {
      write(event);
      begun.resolve();
    });
    await Promise.race([begun.promise, ended]);
    ended
      .then(write, (error: unknown) => write({ event: 'error', error: toMessage(error, what) }))
      .finally(() => stream.end());
    return reply.type('application/x-ndjson').send(stream);
  }

  function streamSteps(reply: FastifyReply, what: string, operate: (report: ReportStep) => Promise<void>) {
    return streamEvents<JailEvent>(reply, what, async send => {
      await operate(send);
      return { event: 'done' };
    });
  }

  function toMessage(error: unknown, what: string): ErrorMessage {
    if (error instanceof LabError && error.code !== 'bug') {
      log(`${what}: ${error.message}${error.cause instanceof Error ? ` (${error.cause.message})` : ''}`);
      return error.toMessage();
    }
    const { statusCode } = error as { statusCode?: number };
    // Fastify's own refusals: a body that is too large or is not JSON.
    if (statusCode !== undefined && statusCode < 500) return new LabError('usage', String(error)).toMessage();
    const reference = randomUUID().slice(0, 8);
    log(`bug ${reference}: ${what}: ${error instanceof Error ? error.stack : String(error)}`);
    return { code: 'bug', message: 'jaild failed in a way that it should not', reference };
  }

  return server;
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new LabError('usage', result.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`).join('; '));
}
