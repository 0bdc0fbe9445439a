import { eventsQuery, historyQuery, parseRequest, usageQuery } from '../requests.ts';
import type { RouteContext } from './route-context.ts';

export function addHistoryRoutes({ app, calls, identityOf, answer, stream }: RouteContext): void {
  app.get('/v1/history', async (request, reply) => {
    const query = parseRequest(historyQuery, request.query);
    return answer(request, reply, await calls.listHistory(identityOf(request), query));
  });
  app.get('/v1/usage', async (request, reply) => {
    const { since } = parseRequest(usageQuery, request.query);
    return answer(request, reply, await calls.listUsage(identityOf(request), since));
  });
  app.get('/v1/events', async (request, reply) => {
    const { follow, ...query } = parseRequest(eventsQuery, request.query);
    const events = calls.tellEvents(identityOf(request), { ...query, follow: follow === 'true' });
    return stream(request, reply, events);
  });
}
