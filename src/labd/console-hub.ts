import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Console } from '../drivers/console/console.ts';
import { LabError } from '../lab/error.ts';

/** The serial line of one claim: one owner, any number of readers and writers. */
export interface ConsoleHub {
  readonly epoch: number;
  /** Comes back when the line is open; throws `LabError('device')` when it is not in time, and goes on trying. */
  waitUntilOpen(timeoutMs: number): Promise<void>;
  /** Shows the stream what the line last said, and what it says from now on; what the stream says goes to the line. */
  attach(stream: Duplex, isTerminal: boolean, user?: string): void;
  /** Ends the streams of somebody who may no longer use the board. */
  endStreamsOf(user: string): void;
  /**
   * A line between what the board says, for people alone: a program that reads the line must get nothing else. Whoever comes
   * later is told, too, until there is nothing to tell any more.
   */
  notify(text: string | undefined): void;
  /** Ends all streams at once, and lets go of the line. */
  close(): void;
}

/** What a new reader is shown of what was said before it came. */
const keptBytes = 64 * 1024;
/** What is kept is gone through for each reader, and for all that the board says: it must not be many pieces. */
const pieceBytes = 4096;
/** A reader who is this far behind misses what comes next, so that nobody's slowness costs memory. */
const mostBufferedBytes = 256 * 1024;
const longestPauseMs = 2000;
/** More than any serial line carries: who sends faster, perhaps into a line that is lost, waits and costs labd no time. */
const mostBytesPerMs = 512;
const shortestWaitMs = 5;
/** How long a stream that will say no more can still listen. */
const listenMs = 10_000;

/** Opens the line, and opens it again when it is lost, until the hub is closed. */
export function createConsoleHub(line: Console, epoch: number, log: (text: string) => void): ConsoleHub {
  const streams = new Set<Duplex>();
  const terminals = new Set<Duplex>();
  const userOf = new WeakMap<Duplex, string>();
  const closing = new AbortController();
  const opened = Promise.withResolvers<void>();
  let kept: Buffer[] = [];
  let current: Duplex | undefined;
  let lastError: unknown;
  let notice = '';

  function keep(bytes: Buffer): void {
    const last = kept.at(-1);
    // A board may speak byte by byte, and a jail may have it do so.
    if (last && last.length + bytes.length <= pieceBytes) kept[kept.length - 1] = Buffer.concat([last, bytes]);
    else kept.push(bytes);
    let size = kept.reduce((sum, chunk) => sum + chunk.length, 0);
    while (size - (kept[0]?.length ?? 0) >= keptBytes) size -= kept.shift()?.length ?? 0;
  }

  function take(duplex: Duplex): void {
    current = duplex;
    opened.resolve();
    duplex.on('data', (bytes: Buffer) => {
      keep(bytes);
      for (const stream of streams) {
        if (stream.writableLength < mostBufferedBytes) stream.write(bytes);
      }
    });
    duplex.on('error', () => {});
    duplex.once('close', () => {
      current = undefined;
      // Whoever waited to be heard goes on; there is nobody to hear it.
      for (const stream of streams) stream.resume();
      if (!closing.signal.aborted) void openUntilClosed();
    });
  }

  async function openUntilClosed(): Promise<void> {
    for (let pauseMs = 25; !closing.signal.aborted; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        const duplex = await line.open(closing.signal);
        if (closing.signal.aborted) duplex.destroy();
        else take(duplex);
        return;
      } catch (error) {
        if (!closing.signal.aborted && String(error) !== String(lastError)) log(`console: ${(error as Error).message}`);
        lastError = error;
        await sleep(pauseMs);
      }
    }
  }

  /** A sender who is faster than the line waits for it, and one who is faster than any line waits too. */
  function send(stream: Duplex, bytes: Buffer): void {
    const isRoomLeft = !current || current.write(bytes);
    const waitMs = bytes.length / mostBytesPerMs;
    if (isRoomLeft && waitMs < shortestWaitMs) return;
    stream.pause();
    const resumeLater = () => void setTimeout(() => stream.resume(), waitMs).unref();
    if (isRoomLeft) resumeLater();
    else current?.once('drain', resumeLater);
  }

  void openUntilClosed();
  return {
    epoch,
    async waitUntilOpen(timeoutMs) {
      const timer = new AbortController();
      const isLate = sleep(timeoutMs, true, { signal: timer.signal }).catch(() => false);
      const late = await Promise.race([opened.promise, isLate]);
      timer.abort();
      if (late !== true) return;
      if (lastError instanceof LabError) throw lastError;
      throw new LabError('device', 'the serial line does not open', { cause: lastError });
    },
    notify(text) {
      notice = text === undefined ? '' : `\r\n*** ${text} ***\r\n`;
      for (const terminal of terminals) terminal.write(notice);
    },
    endStreamsOf(user) {
      for (const stream of streams) if (userOf.get(stream) === user) stream.destroy();
    },
    attach(stream, isTerminal, user) {
      if (closing.signal.aborted) {
        stream.destroy();
        return;
      }
      for (const chunk of kept) stream.write(chunk);
      streams.add(stream);
      if (isTerminal) {
        terminals.add(stream);
        stream.write(notice);
      }
      if (user !== undefined) userOf.set(stream, user);
      stream.on('data', (bytes: Buffer) => send(stream, bytes));
      stream.on('error', () => {});
      // Who has ended may have gone: nothing tells, until the board speaks again.
      stream.once('end', () => setTimeout(() => stream.destroy(), listenMs).unref());
      stream.once('close', () => {
        streams.delete(stream);
        terminals.delete(stream);
      });
    },
    close() {
      closing.abort();
      for (const stream of streams) stream.destroy();
      streams.clear();
      terminals.clear();
      current?.destroy();
      kept = [];
    },
  };
}
