import { randomUUID } from 'node:crypto';
import { type ErrorCode, type ErrorMessage, LabError } from '../lab/error.ts';

/** A caller who is refused is told so; in the log it would only be a way to flood it. */
const isCallersOwn: ReadonlySet<ErrorCode> = new Set(['usage', 'not-found', 'denied', 'busy']);

/**
 * What a caller may know of an error. A `LabError` is meant for people; anything else is a bug, of which the caller gets a
 * reference and the log gets the stack.
 */
export function toErrorMessage(error: unknown, what: string, log: (text: string) => void): ErrorMessage {
  if (error instanceof LabError && error.code !== 'bug') {
    if (!isCallersOwn.has(error.code)) log(`${what}: ${error.message}`);
    return error.toMessage();
  }
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    log(`${what}: took too long`);
    return new LabError('timeout', `${what} took too long`).toMessage();
  }
  const { statusCode } = error as { statusCode?: number };
  // The web framework's own refusals: a body that is too large, or is not JSON.
  if (statusCode !== undefined && statusCode < 500) return new LabError('usage', (error as Error).message).toMessage();
  const reference = randomUUID().slice(0, 8);
  log(`bug ${reference}: ${what}: ${error instanceof Error ? error.stack : String(error)}`);
  return { code: 'bug', message: 'labd failed in a way that it should not', reference };
}
