import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Identity } from '../lab/access.ts';
import type { Entrance } from './door.ts';
import { type MeteredStream, meterStream } from './metered-stream.ts';

/** A request must have come as a whole by then. */
const requestTimeoutMs = 10_000;
const longestHead = 16_384;
/** A head, and the longest body that is taken. */
const mostBytes = longestHead + 80 * 1024;

/** HTTP as a jail may speak it: one request a connection, which must come soon, and end soon. Both are asked for each. */
export function createJailHttp(identify: () => Identity, entrance: () => Entrance) {
  const meters = new WeakMap<Duplex, MeteredStream>();
  const requests = new WeakMap<Duplex, IncomingMessage>();
  const charges = new WeakMap<Duplex, (count: number) => void>();
  // It does not listen: connections are handed to it.
  const server = createServer({ maxHeaderSize: longestHead }, (request, response) => {
    requests.set(request.socket, request);
    // What was answered before it was said to the end, such as a body that is too long, is not listened to any more.
    response.once('finish', () => {
      if (!request.complete) request.socket.destroy();
    });
    entrance().request(identify(), request, response);
  });
  server.maxRequestsPerSocket = 1;
  server.on('dropRequest', (_request, socket) => {
    charges.get(socket)?.(1);
    socket.destroy();
  });
  server.on('upgrade', (request, socket, head) => {
    requests.set(socket, request);
    meters.get(socket)?.lift();
    socket.on('error', () => {});
    entrance().upgrade(identify(), request, socket, head);
  });

  return {
    take(socket: Socket, charge: (count: number) => void): void {
      const meter = meterStream(socket, mostBytes);
      const { stream } = meter;
      meters.set(stream, meter);
      charges.set(stream, charge);
      const timer = setTimeout(() => {
        if (!requests.get(stream)?.complete) stream.destroy();
      }, requestTimeoutMs);
      stream.once('close', () => clearTimeout(timer));
      server.emit('connection', stream);
    },
  };
}
