import type { Duplex } from 'node:stream';

/** One serial line. The line is opened once and shared by its readers, so a driver need not allow a second `open`. */
export interface Console {
  /** Bytes as they come from and go to the line; `close` or `error` when the line is lost. */
  open(signal: AbortSignal): Promise<Duplex>;
}
