import { type ErrorMessage, exitCodeOf, LabError } from '../lab/error.ts';

/** Where a verb writes to. Standard output has the result and nothing else; progress and errors go to standard error. */
export interface Output {
  /** Lines of the result, for a person. */
  print(...lines: readonly string[]): void;
  printJson(document: object): void;
  /** A line about what happens now. */
  tell(line: string): void;
}

export interface TextSink {
  write(text: string): unknown;
}

export function createOutput(stdout: TextSink, stderr: TextSink): Output {
  return {
    print: (...lines) => stdout.write(`${lines.map(removeControls).join('\n')}\n`),
    printJson: document => stdout.write(`${JSON.stringify(document)}\n`),
    tell: line => stderr.write(`${removeControls(line)}\n`),
  };
}

/** Tells the error and gives the exit code. With `isJson`, `{ "error": … }` on standard output. */
export function reportError(output: Output, error: unknown, isJson: boolean): number {
  const message: ErrorMessage =
    error instanceof LabError
      ? error.toMessage()
      : { code: 'bug', message: `labcli broke: ${(error as Error).message}` };
  if (isJson) {
    output.printJson({ error: message });
  } else {
    for (const line of message.message.split('\n')) output.tell(`labcli: ${line}`);
    for (const line of message.hint?.split('\n') ?? []) output.tell(`  ${line}`);
  }
  return exitCodeOf(message.code);
}

/** A message from elsewhere must not steer the reader's terminal: no control characters, no change of writing direction. */
function removeControls(text: string): string {
  return text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '');
}
