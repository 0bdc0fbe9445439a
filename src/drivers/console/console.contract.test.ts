import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Console } from './console.ts';
import { createFakeConsole } from './fake-console.ts';
import { createSerialConsole } from './serial-console.ts';

/** The console under test and the board at the other end of its line. */
interface Bench {
  readonly console: Console;
  send(text: string): void;
  hasReceived(text: string): Promise<void>;
  unplug(): void;
  plugIn(): Promise<void>;
  dispose(): Promise<void>;
}

const benches: Record<string, () => Promise<Bench>> = {
  'fake-console': async () => {
    const console = createFakeConsole();
    return {
      console,
      send: text => console.send(Buffer.from(text)),
      hasReceived: text => until(() => console.received().includes(text)),
      unplug: () => console.unplug(),
      plugIn: async () => console.plugIn(),
      dispose: async () => {},
    };
  },
  'serial-console': async () => {
    const directory = mkdtempSync(join(tmpdir(), 'labcli-console-'));
    const path = join(directory, 'tty');
    let received = '';
    let socat: ChildProcess;
    async function plugIn() {
      socat = spawn('socat', [`PTY,link=${path},rawer`, 'STDIO'], { stdio: ['pipe', 'pipe', 'inherit'] });
      socat.stdout?.on('data', (chunk: Buffer) => {
        received += chunk.toString();
      });
      await until(() => existsSync(path));
    }
    async function stop() {
      const ended = once(socat, 'exit');
      socat.kill('SIGTERM');
      await ended;
    }
    await plugIn();
    return {
      console: createSerialConsole({ path, baudRate: 115_200 }),
      send: text => socat.stdin?.write(text),
      hasReceived: text => until(() => received.includes(text)),
      unplug: () => void stop(),
      plugIn,
      async dispose() {
        if (socat.exitCode === null && socat.signalCode === null) await stop();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  },
};

async function until(isTrue: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 5000; !isTrue(); await sleep(5)) {
    if (Date.now() > deadline) throw new Error('it did not come to pass');
  }
}

async function read(line: Duplex, length: number): Promise<string> {
  let text = '';
  while (text.length < length) {
    const [chunk] = (await once(line, 'data')) as [Buffer];
    text += chunk.toString();
  }
  return text;
}

describe.each(Object.entries(benches))('%s', (_name, makeBench) => {
  let bench: Bench;
  let line: Duplex | undefined;
  const signal = () => AbortSignal.timeout(5000);
  beforeEach(async () => {
    bench = await makeBench();
  });
  afterEach(async () => {
    if (line && !line.destroyed) await close(line);
    await bench.dispose();
  });

  async function close(open: Duplex) {
    const closed = once(open, 'close');
    open.destroy();
    await closed;
  }

  test('gives bytes both ways', async () => {
    line = await bench.console.open(signal());
    bench.send('U-Boot 2023');
    expect(await read(line, 11)).toBe('U-Boot 2023');
    line.write('printenv\r');
    await bench.hasReceived('printenv\r');
  });

  test('refuses to open the line twice, and opens it again after it was closed', async () => {
    line = await bench.console.open(signal());
    await expect(bench.console.open(signal())).rejects.toMatchObject({ code: 'device' });
    await close(line);
    line = await bench.console.open(signal());
    bench.send('again');
    expect(await read(line, 5)).toBe('again');
  });

  test('tells when the line is lost, cannot be opened without it, and can when it is back', async () => {
    line = await bench.console.open(signal());
    line.on('error', () => {});
    line.resume();
    const lost = new Promise(resolve => line?.once('close', resolve));
    bench.unplug();
    await lost;
    await expect(bench.console.open(signal())).rejects.toMatchObject({ code: 'device' });
    await bench.plugIn();
    line = await bench.console.open(signal());
  });

  test('does not open when it is told to stop', async () => {
    await expect(bench.console.open(AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });
});
