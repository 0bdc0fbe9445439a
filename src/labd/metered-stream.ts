import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** A socket as a stream that gives what comes in small pieces, and ends when too much comes. */
export interface MeteredStream {
  readonly stream: Duplex;
  /** From now on as much may come as likes to. */
  lift(): void;
}

const pieceBytes = 512;

/**
 * Whoever reads the stream can destroy it between two pieces, and then hears no more: node:http would read a thousand requests that
 * came in one packet to the last, whatever it thinks of the first.
 */
export function meterStream(socket: Socket, mostBytes: number): MeteredStream {
  let leftBytes = mostBytes;
  let size = pieceBytes;
  const stream = new Duplex({
    allowHalfOpen: true,
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, () => done()),
    final: done => void socket.end(() => done()),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  // What node:http calls when it has answered the last request.
  Object.assign(stream, { destroySoon: () => stream.end(() => stream.destroy()) });

  socket.on('data', (bytes: Buffer) => {
    leftBytes -= bytes.length;
    if (leftBytes < 0) return void stream.destroy();
    let isRoomLeft = true;
    for (let from = 0; from < bytes.length && !stream.destroyed; from += size) {
      isRoomLeft = stream.push(bytes.subarray(from, from + size));
    }
    if (!isRoomLeft) socket.pause();
  });
  socket.once('end', () => stream.push(null));
  socket.once('close', () => stream.destroy());
  return {
    stream,
    lift() {
      leftBytes = Number.POSITIVE_INFINITY;
      size = 65_536;
    },
  };
}
