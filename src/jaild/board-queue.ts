/** Lets the actions on one board run one after another, in the order they were asked for, and those of boards at once. */
export interface BoardQueue {
  run<Result>(board: string, action: () => Promise<Result>): Promise<Result>;
  /** Waits until nothing runs and nothing waits. */
  drain(): Promise<void>;
}

export function createBoardQueue(): BoardQueue {
  const last = new Map<string, Promise<unknown>>();
  return {
    run(board, action) {
      const before = last.get(board) ?? Promise.resolve();
      const result = before.then(action, action);
      const settled = result.then(
        () => {},
        () => {},
      );
      last.set(board, settled);
      void settled.then(() => {
        if (last.get(board) === settled) last.delete(board);
      });
      return result;
    },
    async drain() {
      while (last.size > 0) await Promise.all(last.values());
    },
  };
}
