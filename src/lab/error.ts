/**
 * Every failure a person can meet, as a closed list. One table maps a code to the exit code of a program
 * and to the HTTP status of the API, so that the two can never disagree.
 */
const table = {
  usage: { exit: 2, status: 400 },
  'not-found': { exit: 3, status: 404 },
  denied: { exit: 4, status: 403 },
  busy: { exit: 5, status: 409 },
  device: { exit: 6, status: 502 },
  unreachable: { exit: 7, status: 503 },
  timeout: { exit: 8, status: 504 },
  bug: { exit: 70, status: 500 },
} as const;

export type ErrorCode = keyof typeof table;

/** The error as it crosses a socket. `reference` names the log line that tells the rest of a bug. */
export interface ErrorMessage {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly reference?: string;
}

/** An error that a person may read: what happened, why, and (`hint`) what to try. */
export class LabError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'LabError';
    this.code = code;
    this.hint = options.hint;
  }

  toMessage(): ErrorMessage {
    return { code: this.code, message: this.message, ...(this.hint === undefined ? {} : { hint: this.hint }) };
  }

  static fromMessage(message: ErrorMessage): LabError {
    const hint = message.hint ?? (message.reference ? `the log has the details under ${message.reference}` : undefined);
    return new LabError(message.code, message.message, hint === undefined ? {} : { hint });
  }
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(table, code);
}

/** The exit code of a program that ends with this error (see `table`). */
export function exitCodeOf(code: ErrorCode): number {
  return table[code].exit;
}

/** The HTTP status of an answer that carries this error (see `table`). */
export function httpStatusOf(code: ErrorCode): number {
  return table[code].status;
}
