import { spawn } from 'node:child_process';
import { LabError } from '../lab/error.ts';

export interface RunOptions {
  /** Written to the program's standard input, which is then closed. */
  readonly input?: string | Uint8Array;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

const outputLimit = 16 * 1024 * 1024;

/**
 * Runs a program with an argument vector, never through a shell, and gives what it wrote to standard output.
 * Throws `LabError('device')` with the program's standard error when it exits with another status than 0,
 * `LabError('timeout')` when it was killed for taking longer than `timeoutMs` (10 s unless told).
 */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { input, timeoutMs = 10_000, signal, cwd, env } = options;
  signal?.throwIfAborted();
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], cwd, env });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  let isTimedOut = false;
  const timer = setTimeout(() => {
    isTimedOut = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  const abort = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', abort, { once: true });
  try {
    // A program that ends without reading its input is judged by its status, not by the broken pipe.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const status = await new Promise<number | string>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, killedBy) => resolve(code ?? killedBy ?? 'unknown'));
    });
    signal?.throwIfAborted();
    if (isTimedOut) throw new LabError('timeout', `${program} took longer than ${timeoutMs} ms`);
    if (status !== 0) throw new LabError('device', failure(program, args, status, stderr()));
    return stdout();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new LabError('device', `${program} is not installed`, { cause: error });
    }
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

function failure(program: string, args: readonly string[], status: number | string, stderr: string): string {
  const reason = stderr.trim().split('\n').slice(-5).join('; ');
  return `${[program, ...args.slice(0, 3)].join(' ')} ended with ${status}${reason ? `: ${reason}` : ''}`;
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= outputLimit) chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
