import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Console } from '../drivers/console/console.ts';
import { LabError } from '../lab/error.ts';

/** The serial line of one claim: one owner, any number of readers and writers. */
export interface ConsoleHub {
  readonly epoch: number;
  /** Shows the stream what the line last said, and what it says from now on; what the stream says goes to the line. */
  attach(stream: Duplex): void;
  /** Ends all streams at once, and lets go of the line. */
  close(): void;
}

/** What a new reader is shown of what was said before it came. */
const keptBytes = 64 * 1024;
/** A reader who is this far behind misses what comes next, so that nobody's slowness costs memory. */
const mostBufferedBytes = 256 * 1024;
const longestPauseMs = 2000;

/** Opens the line, or throws `LabError('device')`; a line that is lost later is opened again until the hub is closed. */
export async function openConsoleHub(
  line: Console,
  epoch: number,
  options: { readonly openTimeoutMs: number; readonly log: (text: string) => void },
): Promise<ConsoleHub> {
  const { openTimeoutMs, log } = options;
  const streams = new Set<Duplex>();
  const closing = new AbortController();
  let kept = Buffer.alloc(0);
  let current: Duplex | undefined;

  function take(opened: Duplex): void {
    current = opened;
    opened.on('data', (bytes: Buffer) => {
      kept = Buffer.concat([kept, bytes]).subarray(-keptBytes);
      for (const stream of streams) {
        if (stream.writableLength < mostBufferedBytes) stream.write(bytes);
      }
    });
    opened.on('error', () => {});
    opened.once('close', () => {
      current = undefined;
      if (!closing.signal.aborted) void openUntilClosed();
    });
  }

  async function openUntilClosed(): Promise<void> {
    for (let pauseMs = 50; !closing.signal.aborted; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        const opened = await line.open(closing.signal);
        if (closing.signal.aborted) opened.destroy();
        else take(opened);
        return;
      } catch (error) {
        if (closing.signal.aborted) return;
        log(`console: ${(error as Error).message}`);
        await sleep(pauseMs);
      }
    }
  }

  take(await openInTime(line, openTimeoutMs));
  return {
    epoch,
    attach(stream) {
      if (closing.signal.aborted) {
        stream.destroy();
        return;
      }
      if (kept.length > 0) stream.write(kept);
      streams.add(stream);
      stream.on('data', (bytes: Buffer) => {
        if (current && current.writableLength < mostBufferedBytes) current.write(bytes);
      });
      stream.on('error', () => {});
      stream.once('close', () => streams.delete(stream));
      // Whoever has no more to say may still want to hear.
      stream.once('end', () => stream.writableEnded || stream.writable || streams.delete(stream));
    },
    close() {
      closing.abort();
      for (const stream of streams) stream.destroy();
      streams.clear();
      current?.destroy();
      kept = Buffer.alloc(0);
    },
  };
}

/** A line may be busy for a moment, while the daemon that held it is being cleaned up by the kernel. */
async function openInTime(line: Console, timeoutMs: number): Promise<Duplex> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await line.open(AbortSignal.timeout(timeoutMs));
    } catch (error) {
      if (performance.now() > deadline) {
        if (error instanceof LabError) throw error;
        throw new LabError('device', 'the serial line does not open', { cause: error });
      }
      await sleep(50);
    }
  }
}
