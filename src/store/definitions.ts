import type { Board } from '../lab/board.ts';

/** Reads a board's definition from its row. To parse those of ten thousand boards each time would take as long as all the rest. */
export type ReadDefinition = (handle: string, definition: string) => Board;

export function createDefinitionReader(): ReadDefinition {
  const known = new Map<string, { readonly definition: string; readonly board: Board }>();
  return (handle, definition) => {
    const found = known.get(handle);
    if (found?.definition === definition) return found.board;
    const board = JSON.parse(definition) as Board;
    known.set(handle, { definition, board });
    return board;
  };
}
