import type { Board } from '../lab/board.ts';
import { systemActor } from '../lab/operation.ts';
import type { Writing } from './write.ts';

/**
 * Takes over what lab.yaml says. A board that is claimed is left as it was when its claim began, and follows lab.yaml when the
 * claim ends.
 */
export async function syncLab(writing: Writing, classes: readonly string[], boards: readonly Board[]): Promise<void> {
  const { database, record } = writing;
  for (const name of classes) {
    await database
      .insertInto('class')
      .values({ name })
      .onConflict(conflict => conflict.column('name').doNothing())
      .execute();
  }
  const rows = await database.selectFrom('board').selectAll().execute();
  const known = new Map(rows.map(row => [row.handle, row]));
  for (const board of boards) {
    const { handle } = board;
    const before = known.get(handle);
    const definition = JSON.stringify(board);
    if (!before) {
      await database.insertInto('board').values({ handle, class: board.class, definition, is_listed: 1 }).execute();
    } else if (before.claim_id !== null && before.definition !== definition) {
      await database
        .updateTable('board')
        .set({ next_definition: definition, is_listed: 1 })
        .where('handle', '=', handle)
        .execute();
    } else if (before.definition !== definition || before.is_listed !== 1 || before.next_definition !== null) {
      await database
        .updateTable('board')
        .set({ class: board.class, definition, next_definition: null, is_listed: 1 })
        .where('handle', '=', handle)
        .execute();
    }
    const isHeld = before !== undefined && before.claim_id !== null;
    if (!isHeld) await syncLabels(writing, board);
    if (before?.is_listed !== 1 || (!isHeld && before.definition !== definition)) {
      const current = isHeld ? (JSON.parse(before.definition) as Board) : board;
      await record({ kind: 'board-listed', board: handle, actor: systemActor, detail: detailOf(current) });
    }
  }
  const named = new Set(boards.map(({ handle }) => handle));
  for (const { handle, is_listed } of rows) {
    if (is_listed !== 1 || named.has(handle)) continue;
    // What it was to become is forgotten with it: at the end of its claim it must not come back by itself.
    await database
      .updateTable('board')
      .set({ is_listed: 0, next_definition: null })
      .where('handle', '=', handle)
      .execute();
    await record({ kind: 'board-unlisted', board: handle, actor: systemActor, detail: {} });
  }
}

/** What lab.yaml says since the claim began holds from now on. Says whether there was anything. */
export async function adoptNextDefinition(writing: Writing, handle: string): Promise<boolean> {
  const { database, record } = writing;
  const row = await database
    .selectFrom('board')
    .select('next_definition')
    .where('handle', '=', handle)
    .where('next_definition', 'is not', null)
    .executeTakeFirst();
  if (!row?.next_definition) return false;
  const board = JSON.parse(row.next_definition) as Board;
  await database
    .updateTable('board')
    .set({ class: board.class, definition: row.next_definition, next_definition: null })
    .where('handle', '=', handle)
    .execute();
  await syncLabels(writing, board);
  await record({ kind: 'board-listed', board: handle, actor: systemActor, detail: detailOf(board) });
  return true;
}

async function syncLabels({ database }: Writing, board: Board): Promise<void> {
  const { handle } = board;
  await database.deleteFrom('board_label').where('board', '=', handle).execute();
  for (const label of detailOf(board).labels)
    await database.insertInto('board_label').values({ board: handle, label }).execute();
}

/** As the tables have it: each label once, in one order. */
function detailOf(board: Board) {
  return { class: board.class, labels: [...new Set(board.labels)].sort() };
}
