import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Identity } from '../lab/access.ts';
import { LabError } from '../lab/error.ts';

/** Where requests go when it is known who asks. */
export interface Entrance {
  request(identity: Identity, request: IncomingMessage, response: ServerResponse): void;
  upgrade(identity: Identity, request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface Door {
  /** Stops listening, and ends every connection at once. */
  close(): void;
}

/**
 * Listens for HTTP on a unix socket. Limits are those of a caller who may be hostile: a request that is begun must be finished soon,
 * and connections are counted, so that one jail's flood is refused at its own door.
 */
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

/** Replaces the socket that a killed daemon left. Throws `LabError('busy')` when a daemon answers there. */
export async function listen(server: Server, path: string, mode: number): Promise<void> {
  if (await isAnswered(path)) throw new LabError('busy', `a daemon already listens on ${path}`);
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, mode);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
