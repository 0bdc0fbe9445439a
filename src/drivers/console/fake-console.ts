import { Duplex } from 'node:stream';
import { LabError } from '../../lab/error.ts';
import type { Console } from './console.ts';

export interface FakeConsole extends Console {
  /** What the board sends. */
  send(bytes: Buffer): void;
  /** What the board has received, the last megabyte of it. */
  received(): Buffer;
  /** Pulls the plug: the line that is open is lost, and it cannot be opened again until `plugIn`. */
  unplug(): void;
  plugIn(): void;
  readonly isOpen: boolean;
}

const keptBytes = 1 << 20;

/** A serial line without hardware, for tests. */
export function createFakeConsole(): FakeConsole {
  const received: Buffer[] = [];
  let size = 0;
  let line: Duplex | undefined;
  let isPlugged = true;

  function makeLine(): Duplex {
    const made = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        received.push(chunk);
        size += chunk.length;
        while (size - (received[0]?.length ?? 0) >= keptBytes) size -= received.shift()?.length ?? 0;
        done();
      },
      destroy(error, done) {
        if (line === made) line = undefined;
        done(error);
      },
    });
    return made;
  }
  return {
    async open(signal) {
      signal.throwIfAborted();
      if (!isPlugged) throw new LabError('device', 'the serial line fake cannot be opened: no such device');
      if (line) throw new LabError('device', 'the serial line fake cannot be opened: it is locked');
      line = makeLine();
      return line;
    },
    send(bytes) {
      line?.push(bytes);
    },
    received: () => Buffer.concat(received),
    unplug() {
      isPlugged = false;
      line?.destroy();
    },
    plugIn() {
      isPlugged = true;
    },
    get isOpen() {
      return line !== undefined;
    },
  };
}
