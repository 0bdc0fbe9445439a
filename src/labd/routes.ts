import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { Readable } from 'node:stream';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { consoleProtocol, type OperationEvent } from '../api/messages.ts';
import type { Identity } from '../lab/access.ts';
import { exitCodeOf, httpStatusOf, LabError } from '../lab/error.ts';
import type { Calls } from './calls.ts';
import type { Entrance } from './door.ts';
import { toErrorMessage } from './error-message.ts';
import { boardRequest, boardsQuery, claimRequest, operationParams, parseRequest, powerRequest } from './requests.ts';
import { textOfBoards, textOfClasses, textOfError, textOfEvent, textOfFarewell, textOfPower } from './text.ts';

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

  function answer<T>(request: FastifyRequest, reply: FastifyReply, value: T, toText: (value: T) => string) {
    return wantsText(request) ? reply.type('text/plain; charset=utf-8').send(toText(value)) : reply.send(value);
  }

  /** The operation goes on if its reader leaves. */
  function stream(request: FastifyRequest, reply: FastifyReply, events: AsyncIterable<OperationEvent>) {
    const isText = wantsText(request);
    const toLine = isText ? textOfEvent : (event: OperationEvent) => `${JSON.stringify(event)}\n`;
    async function* lines() {
      for await (const event of events) yield toLine(event);
    }
    const type = isText ? 'text/plain; charset=utf-8' : 'application/x-ndjson';
    return reply.type(type).send(Readable.from(lines()));
  }

  app.get('/v1/classes', async (request, reply) => answer(request, reply, await calls.listClasses(), textOfClasses));
  app.get('/v1/boards', async (request, reply) => {
    const { mine } = parseRequest(boardsQuery, request.query);
    return answer(request, reply, await calls.listBoards(identityOf(request), mine === 'true'), textOfBoards);
  });
  app.post('/v1/claim', async (request, reply) => {
    const { class: name, power = false } = parseRequest(claimRequest, request.body);
    return stream(request, reply, await calls.claim(identityOf(request), { class: name, power }));
  });
  for (const kind of ['reinit', 'release'] as const) {
    app.post(`/v1/${kind}`, async (request, reply) => {
      const { board } = parseRequest(boardRequest, request.body);
      const identity = identityOf(request);
      const { first, run } = await calls.begin(identity, kind, board);
      if (identity.door === 'host') return stream(request, reply, run());
      // The operation closes the door that it was asked through: so the answer goes out first.
      reply.raw.once('close', run);
      return answer(request, reply, first, textOfFarewell);
    });
  }
  app.get('/v1/operations/:id', async (request, reply) => {
    const { id } = parseRequest(operationParams, request.params);
    return stream(request, reply, await calls.followOperation(identityOf(request), id));
  });
  app.get('/v1/power', async (request, reply) => {
    const { board } = parseRequest(boardRequest, request.query);
    return answer(request, reply, await calls.readPower(identityOf(request), board), textOfPower);
  });
  app.post('/v1/power', async (request, reply) => {
    const { board, action } = parseRequest(powerRequest, request.body);
    return answer(request, reply, await calls.setPower(identityOf(request), action, board), textOfPower);
  });

  app.get('/v1/console', () => {
    throw new LabError('usage', 'the console wants an HTTP upgrade', { hint: `Upgrade: ${consoleProtocol}` });
  });
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
        if (url?.pathname !== '/v1/console' || request.headers.upgrade !== consoleProtocol) {
          throw new LabError('not-found', 'labd has no such call');
        }
        const { board } = parseRequest(boardRequest, Object.fromEntries(url.searchParams));
        const attach = await calls.openConsole(identity, board);
        socket.write(`HTTP/1.1 101 ${STATUS_CODES[101]}\r\nConnection: Upgrade\r\nUpgrade: ${consoleProtocol}\r\n\r\n`);
        if (head.length > 0) socket.unshift(head);
        attach(socket);
      } catch (error) {
        const message = toErrorMessage(error, 'console', log);
        const status = httpStatusOf(message.code);
        const body = JSON.stringify({ error: message });
        const headers = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
        socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers}\r\n\r\n${body}`);
      }
    },
  };
}
