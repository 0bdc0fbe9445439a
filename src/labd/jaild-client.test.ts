import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createJaildClient } from './jaild-client.ts';

let directory: string;
let server: Server | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'labcli-client-'));
});
afterEach(() => {
  server?.close();
  rmSync(directory, { recursive: true });
});

/** A jaild that answers with this and then is no more, after so many milliseconds. */
async function serveAndDie(text: string, afterMs: number): Promise<ReturnType<typeof createJaildClient>> {
  const path = join(directory, 'jaild.sock');
  server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.write(text);
    void sleep(afterMs).then(() => response.destroy());
  });
  await new Promise<void>(resolve => server?.listen(path, resolve));
  return createJaildClient(path);
}

const step = '{"event":"step","step":"container","state":"started","elapsedMs":0}\n';

test.each([
  ['after a whole event', step],
  ['in the middle of an event', `${step}{"event":"st`],
])('a jaild that is killed %s does not answer: it may be asked again', async (_name, text) => {
  for (const afterMs of [0, 0, 1, 5]) {
    const jails = await serveAndDie(text, afterMs);
    const removed = jails.remove('a', 1, AbortSignal.timeout(5000));
    await expect(removed).rejects.toMatchObject({ code: 'unreachable' });
    server?.close();
  }
});

test('what jaild said before its end counts', async () => {
  const done = await serveAndDie(`${step}{"event":"done"}\n`, 5);
  await done.remove('a', 1, AbortSignal.timeout(5000));
  server?.close();
  const failed = await serveAndDie(`${step}{"event":"error","error":{"code":"device","message":"no"}}\n`, 5);
  await expect(failed.remove('a', 1, AbortSignal.timeout(5000))).rejects.toMatchObject({
    code: 'device',
    message: 'no',
  });
});
