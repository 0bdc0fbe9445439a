/** One thing at a time on each board, in the order of asking; other boards never wait. */
export interface BoardLock {
  run<T>(board: string, action: () => Promise<T>): Promise<T>;
  isHeld(board: string): boolean;
}

export function createBoardLock(): BoardLock {
  const last = new Map<string, Promise<unknown>>();
  return {
    run<T>(board: string, action: () => Promise<T>): Promise<T> {
      const turn = (last.get(board) ?? Promise.resolve()).then(action);
      const ended = turn
        .catch(() => {})
        .then(() => {
          if (last.get(board) === ended) last.delete(board);
        });
      last.set(board, ended);
      return turn;
    },
    isHeld: board => last.has(board),
  };
}
