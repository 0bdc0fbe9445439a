import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Identity } from '../lab/access.ts';
import { listen } from './listen.ts';

/** Where requests go when it is known who asks. */
export interface Entrance {
  request(identity: Identity, request: IncomingMessage, response: ServerResponse): void;
  upgrade(identity: Identity, request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface Door {
  /** Stops listening, and ends every connection at once. */
  close(): void;
}

/** Listens for HTTP on a unix socket. A request that is begun must be finished soon. Jails have doors of their own kind. */
export async function openHttpDoor(
  path: string,
  options: {
    readonly mode: number;
    readonly mostConnections: number;
    readonly identify: (request: IncomingMessage) => Identity;
    readonly entrance: Entrance;
  },
): Promise<Door> {
  const { mode, mostConnections, identify, entrance } = options;
  const server = createServer(
    { headersTimeout: 5000, requestTimeout: 10_000, connectionsCheckingInterval: 1000, maxHeaderSize: 16_384 },
    (request, response) => entrance.request(identify(request), request, response),
  );
  server.maxConnections = mostConnections;
  const sockets = new Set<Duplex>();
  server.on('connection', socket => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    entrance.upgrade(identify(request), request, socket, head);
  });
  await listen(server, path, mode);
  return {
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
