import type { Duplex } from 'node:stream';
import type { Console } from '../drivers/console/console.ts';
import type { Board } from '../lab/board.ts';
import { type ConsoleHub, createConsoleHub } from './console-hub.ts';

/** The serial lines of all claimed boards. */
export interface Consoles {
  /** Throws `LabError('device')` when the line does not open in time; it is then still tried until `close`. */
  open(board: Board, epoch: number): Promise<void>;
  close(board: string): void;
  epochOf(board: string): number | undefined;
  /** Connects a stream to the board's line; ends it at once when there is none. */
  attach(board: string, stream: Duplex): void;
  closeAll(): void;
}

const openTimeoutMs = 5000;

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
    attach(board, stream) {
      const hub = hubs.get(board);
      if (hub) hub.attach(stream);
      else stream.destroy();
    },
    closeAll() {
      for (const board of [...hubs.keys()]) close(board);
    },
  };
}
