import { adminBar, adminRelease, adminUnbar, boardParam, parseRequest } from '../requests.ts';
import type { RouteContext } from './route-context.ts';

export function addAdminRoutes({ app, calls, identityOf, answer, stream }: RouteContext): void {
  app.post('/v1/admin/release', async (request, reply) => {
    const wish = parseRequest(adminRelease, request.body);
    return stream(request, reply, await calls.releaseByAdmin(identityOf(request), wish));
  });
  app.post('/v1/admin/bar', async (request, reply) => {
    const wish = parseRequest(adminBar, request.body);
    return answer(request, reply, await calls.bar(identityOf(request), wish));
  });
  app.post('/v1/admin/unbar', async (request, reply) => {
    const wish = parseRequest(adminUnbar, request.body);
    return answer(request, reply, await calls.unbar(identityOf(request), wish));
  });
  app.post('/v1/admin/check', async (request, reply) => {
    const { board } = parseRequest(boardParam, request.body);
    return stream(request, reply, await calls.check(identityOf(request), board));
  });
  app.post('/v1/admin/jail-base', async (request, reply) => {
    const events = await calls.buildJailBase(identityOf(request));
    return stream(request, reply, () => events);
  });
  app.post('/v1/admin/reload', async (request, reply) =>
    answer(request, reply, await calls.reload(identityOf(request))),
  );
}
