import { spawn } from 'node:child_process';
import { LabError } from '../lab/error.ts';

/** A running program that is talked to: what it writes is kept and can be waited for. */
export interface Conversation {
  /** Everything that the program wrote so far, both streams. */
  transcript(): string;
  write(text: string): void;
  /** Waits for a pattern in what was written after the last match, and gives that part. */
  expect(pattern: RegExp, timeoutMs: number): Promise<string>;
  /** Ends the program's input, and waits for its exit code. */
  end(timeoutMs: number): Promise<number>;
  kill(): void;
}

export function converse(program: string, args: readonly string[]): Conversation {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let text = '';
  let matchedUpTo = 0;
  let exitCode: number | undefined;
  let wake = () => {};
  const exited = new Promise<number>(resolve => {
    child.once('close', code => {
      exitCode = code ?? 255;
      resolve(exitCode);
      wake();
    });
    child.once('error', error => {
      text += error.message;
      exitCode = 127;
      resolve(exitCode);
      wake();
    });
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      wake();
    });
  }
  child.stdin.on('error', () => {});

  async function expect(pattern: RegExp, timeoutMs: number): Promise<string> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const rest = text.slice(matchedUpTo);
      const match = pattern.exec(rest);
      if (match) {
        matchedUpTo += match.index + match[0].length;
        return rest.slice(0, match.index + match[0].length);
      }
      const leftMs = deadline - performance.now();
      if (leftMs <= 0 || exitCode !== undefined) {
        const why = exitCode === undefined ? `not within ${timeoutMs} ms` : `the program ended with ${exitCode}`;
        throw new LabError('timeout', `no ${pattern} (${why}) after: ${JSON.stringify(rest.slice(-400))}`);
      }
      const timer = Promise.withResolvers<void>();
      const timeout = setTimeout(timer.resolve, leftMs);
      wake = timer.resolve;
      await timer.promise;
      clearTimeout(timeout);
    }
  }

  async function end(timeoutMs: number): Promise<number> {
    child.stdin.end();
    const timeout = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const code = await exited;
    clearTimeout(timeout);
    return code;
  }

  return {
    transcript: () => text,
    write: input => child.stdin.write(input),
    expect,
    end,
    kill: () => child.kill('SIGKILL'),
  };
}
