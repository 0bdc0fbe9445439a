import { spawn } from 'node:child_process';
import { crunCommand } from './crun.ts';
import { searchPath } from './oci/oci-config.ts';

export interface ContainerRun {
  /** The exit code, or the name of the signal. */
  readonly status: number | string;
  readonly isTimedOut: boolean;
  /** What it wrote to both of its streams; of much, the last. */
  readonly output: string;
}

/** How much longer than the program itself crun may take. */
const graceMs = 5000;
const lastWordsMs = 200;
const restMs = 10;

/** Runs a program in a container, as its root and within its limits. It is killed, with its process group, after `timeoutMs`. */
export async function runInContainer(
  name: string,
  joinFiles: readonly string[],
  command: readonly string[],
  { timeoutMs, mostBytes }: { readonly timeoutMs: number; readonly mostBytes: number },
): Promise<ContainerRun> {
  // From outside only crun itself could be killed, and the program would go on.
  const bounded = ['/usr/bin/timeout', '--signal=KILL', String(timeoutMs / 1000), ...command];
  const [program, args] = crunCommand(joinFiles, [
    'exec',
    '--cwd',
    '/root',
    '--env',
    'HOME=/root',
    '--env',
    searchPath,
    name,
    ...bounded,
  ]);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = Buffer.alloc(0);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = Buffer.concat([output, chunk]).subarray(-mostBytes);
      if (output.length < mostBytes) return;
      // Whoever writes so much waits, and costs no time.
      stream.pause();
      setTimeout(() => stream.resume(), restMs);
    });
  }
  const startMs = performance.now();
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs + graceMs);
  try {
    const status = await new Promise<number | string>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        const end = () => resolve(code ?? signal ?? 'unknown');
        child.once('close', end);
        // What the program left running may keep its streams open.
        setTimeout(end, lastWordsMs);
      });
    });
    return { status, isTimedOut: status !== 0 && performance.now() - startMs >= timeoutMs, output: output.toString() };
  } finally {
    clearTimeout(timer);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}
