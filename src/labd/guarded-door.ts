import { createServer, type Socket } from 'node:net';
import type { Door } from './door.ts';
import { listen } from './listen.ts';
import { createTokenBucket, type Rate } from './token-bucket.ts';

export interface GuardedDoorOptions {
  readonly mode: number;
  readonly mostConnections: number;
  /** How many may be opened. What else is done at the door can be charged to the same account. */
  readonly rate: Rate;
  take(socket: Socket, charge: (count: number) => void): void;
}

/** How long a door stays closed at most. */
const longestRestMs = 30_000;

/**
 * Listens on a unix socket for callers who may be hostile, and stops to listen for a while when they come faster than the rate allows:
 * a caller who is let in and sent away costs labd time, one who finds nobody listening costs it none. Connections that are
 * open go on.
 */
export async function openGuardedDoor(path: string, options: GuardedDoorOptions): Promise<Door> {
  const { mode, mostConnections, rate, take } = options;
  const bucket = createTokenBucket(rate, () => performance.now());
  const sockets = new Set<Socket>();
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  function charge(count: number): void {
    bucket.take(count);
    const restMs = bucket.waitMs();
    if (restMs === 0 || timer !== undefined || isClosed) return;
    server.close();
    timer = setTimeout(() => void wake(), Math.min(restMs, longestRestMs));
  }

  async function wake(): Promise<void> {
    try {
      await listen(server, path, mode);
      timer = undefined;
      if (isClosed) server.close();
    } catch {
      // The folder may be gone for a moment; without it there is nobody to be let in.
      if (!isClosed) timer = setTimeout(() => void wake(), longestRestMs);
    }
  }

  const server = createServer({ allowHalfOpen: true }, socket => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    charge(1);
    take(socket, charge);
  });
  server.maxConnections = mostConnections;
  // Whoever is one too many was let in and sent away.
  server.on('drop', () => charge(1));
  await listen(server, path, mode);
  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
