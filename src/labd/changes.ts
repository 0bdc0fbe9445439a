/** Tells whoever waits that the lab has changed. It carries no news: they look for themselves. */
export interface Changes {
  /** Something has changed. */
  tell(): void;
  /** Called at every change from now on. */
  listen(listener: () => void): void;
  /** Comes back at the next change, or when the signal is aborted. */
  wait(signal: AbortSignal): Promise<void>;
}

export function createChanges(): Changes {
  const waiting = new Set<() => void>();
  const listeners: (() => void)[] = [];
  return {
    tell() {
      const woken = [...waiting];
      waiting.clear();
      for (const wake of woken) wake();
      for (const listener of listeners) listener();
    },
    listen: listener => void listeners.push(listener),
    wait(signal) {
      return new Promise(resolve => {
        if (signal.aborted) return resolve();
        const wake = () => {
          waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener('abort', wake);
      });
    },
  };
}
