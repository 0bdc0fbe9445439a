import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { Readable } from 'node:stream';
import Fastify, { type FastifyRequest } from 'fastify';
import type { Identity } from '../lab/access.ts';
import { exitCodeOf, httpStatusOf, LabError } from '../lab/error.ts';
import type { Calls } from './calls/calls.ts';
import type { Entrance } from './door.ts';
import { toErrorMessage } from './error-message.ts';
import { addAdminRoutes } from './routes/admin-routes.ts';
import { addBoardRoutes } from './routes/board-routes.ts';
import { addClaimRoutes } from './routes/claim-routes.ts';
import { addHistoryRoutes } from './routes/history-routes.ts';
import type { RouteContext } from './routes/route-context.ts';
import { createUpgrades } from './routes/upgrades.ts';
import { textOfError } from './text.ts';

const bodyLimit = 64 * 1024;

/** labd's HTTP API (see api/messages.ts), the same behind every door; who asks is the door's to say. */
export async function createEntrance(options: {
  readonly calls: Calls;
  readonly log: (text: string) => void;
}): Promise<Entrance> {
  const { calls, log } = options;
  const identities = new WeakMap<IncomingMessage, Identity>();
  const app = Fastify({ logger: false, bodyLimit, forceCloseConnections: true });

  const identityOf = (request: FastifyRequest): Identity => {
    const identity = identities.get(request.raw);
    if (!identity) throw new LabError('bug', 'a request came in by no door');
    return identity;
  };
  const wantsText = (request: FastifyRequest) => request.headers.accept === 'text/plain';
  const plain = 'text/plain; charset=utf-8';

  const answer: RouteContext['answer'] = (request, reply, value, toText) =>
    toText && wantsText(request) ? reply.type(plain).send(toText(value)) : reply.send(value);

  /** An operation goes on if its reader leaves; what else ends then is for the events to say. */
  const stream: RouteContext['stream'] = (request, reply, events) => {
    const leaving = new AbortController();
    reply.raw.once('close', () => leaving.abort());
    async function* lines() {
      for await (const event of events(leaving.signal)) {
        if (leaving.signal.aborted) return;
        yield `${JSON.stringify(event)}\n`;
      }
    }
    const body = Readable.from(lines());
    // The status has been sent: all that can still be said is that the stream broke.
    body.on('error', error => toErrorMessage(error, `${request.method} ${request.url}`, log));
    return reply.type('application/x-ndjson').send(body);
  };

  const context: RouteContext = { app, calls, identityOf, answer, stream };
  addBoardRoutes(context);
  addClaimRoutes(context);
  addHistoryRoutes(context);
  addAdminRoutes(context);

  const upgrades = createUpgrades(calls);
  for (const { path, protocol } of upgrades) {
    app.get(path, () => {
      throw new LabError('usage', `${path} wants an HTTP upgrade`, { hint: `Upgrade: ${protocol}` });
    });
  }
  app.setNotFoundHandler(() => {
    throw new LabError('not-found', 'labd has no such call');
  });
  app.setErrorHandler((error, request, reply) => {
    const message = toErrorMessage(error, `${request.method} ${request.url}`, log);
    reply.status(httpStatusOf(message.code));
    return answer(request, reply, { error: message }, () => textOfError(message, exitCodeOf(message.code)));
  });
  await app.ready();

  return {
    request(identity, request, response) {
      identities.set(request, identity);
      app.routing(request, response);
    },
    async upgrade(identity, request, socket, head) {
      try {
        const url = URL.parse(`http://labd${request.url ?? '/'}`);
        const upgrade = upgrades.find(({ path, protocol }) => {
          return url?.pathname === path && request.headers.upgrade === protocol;
        });
        if (!url || !upgrade) throw new LabError('not-found', 'labd has no such call');
        const attach = await upgrade.open(identity, Object.fromEntries(url.searchParams));
        const headers = `Connection: Upgrade\r\nUpgrade: ${upgrade.protocol}`;
        socket.write(`HTTP/1.1 101 ${STATUS_CODES[101]}\r\n${headers}\r\n\r\n`);
        if (head.length > 0) socket.unshift(head);
        attach(socket);
      } catch (error) {
        const message = toErrorMessage(error, 'upgrade', log);
        const status = httpStatusOf(message.code);
        const body = JSON.stringify({ error: message });
        const headers = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
        socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers}\r\n\r\n${body}`);
      }
    },
  };
}
