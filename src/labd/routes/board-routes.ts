import { boardRequest, boardsQuery, exportsText, parseRequest, powerRequest } from '../requests.ts';
import { textOfBoards, textOfClasses, textOfExports, textOfPower } from '../text.ts';
import type { RouteContext } from './route-context.ts';

export function addBoardRoutes({ app, calls, identityOf, answer }: RouteContext): void {
  app.get('/v1/classes', async (request, reply) => answer(request, reply, await calls.listClasses(), textOfClasses));
  app.get('/v1/boards', async (request, reply) => {
    const { mine } = parseRequest(boardsQuery, request.query);
    return answer(request, reply, await calls.listBoards(identityOf(request), mine === 'true'), textOfBoards);
  });
  app.get('/v1/known-hosts', async request => calls.readKnownHosts(identityOf(request)));
  app.get('/v1/power', async (request, reply) => {
    const { board } = parseRequest(boardRequest, request.query);
    return answer(request, reply, await calls.readPower(identityOf(request), board), textOfPower);
  });
  app.post('/v1/power', async (request, reply) => {
    const { board, action } = parseRequest(powerRequest, request.body);
    return answer(request, reply, await calls.setPower(identityOf(request), action, board), textOfPower);
  });
  app.post('/v1/exports', async (request, reply) => {
    const { board } = parseRequest(boardRequest, request.query);
    const text = parseRequest(exportsText, request.body);
    return answer(request, reply, await calls.applyExports(identityOf(request), text, board), textOfExports);
  });
}
