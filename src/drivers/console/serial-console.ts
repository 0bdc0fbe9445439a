import { read } from 'node:fs';
import { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import type { SerialPort } from 'serialport';
import type { SerialLine } from '../../lab/board.ts';
import { LabError } from '../../lab/error.ts';
import type { Console } from './console.ts';

/**
 * A serial port of the lab host, 8N1, for this process alone: the port is locked (TIOCEXCL), so a second open fails. `open`
 * throws `LabError('device')` when the port is not there or not free.
 */
export function createSerialConsole({ path, baudRate }: SerialLine): Console {
  return {
    async open(signal) {
      signal.throwIfAborted();
      // Loaded when the first board is claimed: it brings native code along.
      const { SerialPort } = await import('serialport');
      let port: PortBinding;
      try {
        port = (await SerialPort.binding.open({ path, baudRate })) as PortBinding;
      } catch (error) {
        throw cannotOpen(path, error);
      }
      const line = createLine(path, port);
      if (signal.aborted) line.destroy();
      signal.throwIfAborted();
      return line;
    },
  };
}

/** What serialport opens on Linux. */
type PortBinding = Awaited<ReturnType<typeof SerialPort.binding.open>> & {
  readonly fd: number | null;
  readonly poller: { once(event: 'readable', listener: (error?: Error | null) => void): void };
};

const readFile = promisify(read);
const chunkBytes = 4096;

/**
 * SerialPort's own stream is not used: after a hang-up (a pty's other end is closed, a USB adapter is pulled) `read` gives
 * 0 bytes at once, which that stream repeats for ever, and its `destroy` leaves the port open and locked.
 */
function createLine(path: string, port: PortBinding): Duplex {
  async function readSome(): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (;;) {
      if (port.fd === null) throw new Error('closed');
      try {
        const { bytesRead } = await readFile(port.fd, buffer, 0, chunkBytes, null);
        if (bytesRead === 0) throw new LabError('device', `the serial line ${path} is lost: the other end hung up`);
        return buffer.subarray(0, bytesRead);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      }
      await waitUntilReadable(port);
    }
  }
  const line: Duplex = new Duplex({
    read() {
      readSome().then(
        bytes => line.push(bytes),
        error => line.destroy(error),
      );
    },
    write(chunk: Buffer, _encoding, done) {
      port.write(chunk).then(() => done(), done);
    },
    destroy(error, done) {
      port.close().then(
        () => done(error),
        closeError => done(error ?? closeError),
      );
    },
  });
  // The reader learns of a loss by `close`; there is nothing more to do about the error.
  line.on('error', () => {});
  return line;
}

function waitUntilReadable(port: PortBinding): Promise<void> {
  return new Promise((resolve, reject) => {
    port.poller.once('readable', error => (error ? reject(error) : resolve()));
  });
}

function cannotOpen(path: string, cause: unknown): LabError {
  const reason = cause instanceof Error ? cause.message.replace(/^Error:? */, '') : String(cause);
  return new LabError('device', `the serial line ${path} cannot be opened: ${reason}`, { cause });
}
