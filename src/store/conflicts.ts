import type { Board } from '../lab/board.ts';
import { systemActor } from '../lab/operation.ts';
import { liftBar, setBar } from './bars.ts';
import type { Writing } from './write.ts';

/**
 * lab.yaml gives each wire, port and serial line to one board. But a board that is claimed, or not clean yet, keeps what it had
 * when its claim began: whatever of that lab.yaml gives to another board meanwhile (a board with a new name, two that were
 * exchanged) must not be given out a second time. Such a board is barred until the other one is free.
 */
export async function barConflicts(writing: Writing): Promise<void> {
  const { database } = writing;
  const inUse = await listInUse(writing);
  const rows = await database
    .selectFrom('board')
    .select(['handle', 'definition'])
    .where('is_listed', '=', 1)
    .where('claim_id', 'is', null)
    .execute();
  const barred = await listBarred(writing);
  for (const { handle, definition } of inUse.length > 0 ? rows : []) {
    const reason = explainConflict(JSON.parse(definition) as Board, inUse);
    if (reason === undefined || barred.get(handle) === reason) continue;
    await setBar(writing, { board: handle, kind: 'in-use', reason, actor: systemActor });
    barred.set(handle, reason);
  }
  await liftConflicts(writing);
}

/** To be called when a board has become free, or clean. */
export async function liftConflicts(writing: Writing): Promise<void> {
  const barred = await listBarred(writing);
  if (barred.size === 0) return;
  const inUse = await listInUse(writing);
  for (const handle of barred.keys()) {
    const { definition } = await writing.database
      .selectFrom('board')
      .select('definition')
      .where('handle', '=', handle)
      .executeTakeFirstOrThrow();
    if (explainConflict(JSON.parse(definition) as Board, inUse) !== undefined) continue;
    await liftBar(writing, handle, 'in-use', systemActor);
  }
}

async function listBarred({ database }: Writing): Promise<Map<string, string>> {
  const bars = await database.selectFrom('bar').select(['board', 'reason']).where('kind', '=', 'in-use').execute();
  return new Map(bars.map(({ board, reason }) => [board, reason]));
}

interface InUse {
  readonly board: Board;
  readonly why: string;
}

async function listInUse({ database }: Writing): Promise<readonly InUse[]> {
  const rows = await database
    .selectFrom('board')
    .leftJoin('claim', 'claim.id', 'board.claim_id')
    .leftJoin('bar', join => join.onRef('bar.board', '=', 'board.handle').on('bar.kind', '=', 'dirty'))
    .select(['board.definition', 'claim.user_name'])
    .where(({ eb, or }) => or([eb('board.claim_id', 'is not', null), eb('bar.kind', 'is not', null)]))
    .execute();
  return rows.map(({ definition, user_name }) => ({
    board: JSON.parse(definition) as Board,
    why: user_name === null ? 'which is not clean yet' : `which ${user_name} holds`,
  }));
}

function explainConflict(board: Board, inUse: readonly InUse[]): string | undefined {
  for (const { board: other, why } of inUse) {
    const what = other.handle === board.handle ? undefined : findShared(board, other);
    if (what !== undefined) return `its ${what} is still that of ${other.handle}, ${why}`;
  }
  return undefined;
}

function findShared(one: Board, other: Board): string | undefined {
  if (one.vlan === other.vlan) return `VLAN ${one.vlan}`;
  if (one.poePort.switch === other.poePort.switch && one.poePort.port === other.poePort.port) {
    return `port ${one.poePort.port} of ${one.poePort.switch}`;
  }
  if (one.serial.path === other.serial.path) return `serial line ${one.serial.path}`;
  if (one.network.subnet === other.network.subnet) return `subnet ${one.network.subnet}`;
  return undefined;
}
