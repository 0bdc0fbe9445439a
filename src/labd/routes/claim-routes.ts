import {
  boardRequest,
  cancelRequest,
  claimRequest,
  extendRequest,
  numberParams,
  parseRequest,
  shareRequest,
} from '../requests.ts';
import { textOfClaim, textOfFarewell } from '../text.ts';
import type { RouteContext } from './route-context.ts';

export function addClaimRoutes({ app, calls, identityOf, answer, stream }: RouteContext): void {
  app.post('/v1/claim', async (request, reply) => {
    const wish = parseRequest(claimRequest, request.body);
    return stream(request, reply, await calls.claim(identityOf(request), wish));
  });
  app.post('/v1/hold', async (request, reply) => {
    const { board } = parseRequest(boardRequest, request.body);
    return stream(request, reply, await calls.hold(identityOf(request), board));
  });
  app.get('/v1/requests', async (request, reply) => answer(request, reply, await calls.listQueue(identityOf(request))));
  app.get('/v1/requests/:id', async (request, reply) => {
    const { id } = parseRequest(numberParams, request.params);
    return stream(request, reply, await calls.followRequest(identityOf(request), id));
  });
  app.post('/v1/cancel', async (request, reply) => {
    const { request: id } = parseRequest(cancelRequest, request.body);
    return answer(request, reply, await calls.cancel(identityOf(request), id));
  });
  for (const kind of ['reinit', 'release'] as const) {
    app.post(`/v1/${kind}`, async (request, reply) => {
      const { board, wait = false } = parseRequest(boardRequest, request.body);
      const identity = identityOf(request);
      const { first, run } = await calls.begin(identity, kind, board, wait);
      if (identity.door === 'host') return stream(request, reply, run);
      // The operation closes the door that it was asked through: so the answer goes out first.
      reply.raw.once('close', run);
      return answer(request, reply, first, textOfFarewell);
    });
  }
  app.get('/v1/operations/:id', async (request, reply) => {
    const { id } = parseRequest(numberParams, request.params);
    return stream(request, reply, await calls.followOperation(identityOf(request), id));
  });
  app.post('/v1/extend', async (request, reply) => {
    const wish = parseRequest(extendRequest, request.body);
    return answer(request, reply, await calls.extend(identityOf(request), wish), textOfClaim);
  });
  for (const verb of ['share', 'unshare', 'transfer'] as const) {
    app.post(`/v1/${verb}`, async (request, reply) => {
      const wish = parseRequest(shareRequest, request.body);
      return answer(request, reply, await calls[verb](identityOf(request), wish), textOfClaim);
    });
  }
}
