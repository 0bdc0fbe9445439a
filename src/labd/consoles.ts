import { Duplex, Readable, Writable } from 'node:stream';
import type { Console } from '../drivers/console/console.ts';
import type { Board } from '../lab/board.ts';
import { LabError } from '../lab/error.ts';
import { type ConsoleHub, createConsoleHub } from './console-hub.ts';

/** The serial lines of all claimed boards. */
export interface Consoles {
  /** Throws `LabError('device')` when the line does not open in time; it is then still tried until `close`. */
  open(board: Board, epoch: number): Promise<void>;
  close(board: string): void;
  epochOf(board: string): number | undefined;
  /** Connects a stream to the board's line; ends it at once when there is none. */
  attach(board: string, stream: Duplex, isTerminal?: boolean, user?: string): void;
  /** Ends the streams of somebody who may no longer use the board. */
  endStreamsOf(board: string, user: string): void;
  /** Comes back when the board has said something that matches, since its line was opened. Throws `LabError('device')`. */
  expect(board: string, pattern: RegExp, withinMs: number): Promise<void>;
  /** Tells those who watch the line at a terminal. */
  notify(board: string, text: string | undefined): void;
  closeAll(): void;
}

const openTimeoutMs = 5000;
/** A pattern is looked for in the last so many characters. */
const mostSearched = 64 * 1024;

export function createConsoles(consoleOf: (board: Board) => Console, log: (text: string) => void): Consoles {
  const hubs = new Map<string, ConsoleHub>();

  function close(board: string): void {
    hubs.get(board)?.close();
    hubs.delete(board);
  }

  return {
    async open(board, epoch) {
      close(board.handle);
      const hub = createConsoleHub(consoleOf(board), epoch, text => log(`${board.handle}: ${text}`));
      hubs.set(board.handle, hub);
      await hub.waitUntilOpen(openTimeoutMs);
    },
    close,
    epochOf: board => hubs.get(board)?.epoch,
    endStreamsOf: (board, user) => hubs.get(board)?.endStreamsOf(user),
    attach(board, stream, isTerminal = false, user) {
      const hub = hubs.get(board);
      if (hub) hub.attach(stream, isTerminal, user);
      else stream.destroy();
    },
    expect(board, pattern, withinMs) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      let said = '';
      const listener = new Writable({
        write(bytes: Buffer, _encoding, callback) {
          said = (said + bytes.toString('latin1')).slice(-mostSearched);
          if (pattern.test(said)) resolve();
          callback();
        },
      });
      const timer = setTimeout(() => reject(silence(board, pattern, withinMs, said)), withinMs);
      const stream = Duplex.from({ writable: listener, readable: new Readable({ read() {} }) });
      stream.once('close', () => reject(new LabError('device', `the console of ${board} was closed during the check`)));
      stream.on('error', () => {});
      hubs.get(board)?.attach(stream, false);
      return promise.finally(() => {
        clearTimeout(timer);
        stream.destroy();
      });
    },
    notify: (board, text) => hubs.get(board)?.notify(text),
    closeAll() {
      for (const board of [...hubs.keys()]) close(board);
    },
  };
}

function silence(board: string, pattern: RegExp, withinMs: number, said: string): LabError {
  const last = said
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(-120);
  const heard = last === '' ? 'it said nothing' : `the last it said: ${last}`;
  const message = `${board} did not say /${pattern.source}/ within ${Math.round(withinMs / 1000)} s: ${heard}`;
  return new LabError('device', message);
}
