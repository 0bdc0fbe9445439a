import type { LabClient } from '../api/client.ts';
import { LabError } from '../lab/error.ts';

/** Why labd ended a console or a connection, if it was because of what happens to the board: mostly, the claim has ended. */
export async function explainEnd(
  client: LabClient,
  handle: string | undefined,
  what: 'console' | 'connection',
): Promise<LabError | undefined> {
  // A connection may be that of a colleague, whose board it is not.
  const { boards } = await client.listBoards({ isMine: what === 'console' || handle === undefined });
  const board = boards.find(each => handle === undefined || each.handle === handle);
  if (board?.user === undefined) return new LabError('denied', `the ${what} has ended: the claim has ended`);
  if (board.operation === 'release')
    return new LabError('denied', `the ${what} has ended: ${board.handle} is being released`);
  if (board.operation)
    return new LabError('busy', `the ${what} has ended: a ${board.operation} of ${board.handle} runs`);
  return undefined;
}
