import { Duplex, PassThrough, Writable } from 'node:stream';
import { createConsoleHub } from './console-hub.ts';

test('a board that speaks byte by byte costs no more than one that speaks in lines', async () => {
  const board = new PassThrough();
  const line = Duplex.from({ readable: board, writable: new Writable({ write: (_chunk, _encoding, done) => done() }) });
  const hub = createConsoleHub({ open: async () => line }, 1, () => {});
  await hub.waitUntilOpen(1000);
  const said = Array.from({ length: 20_000 }, (_, index) => String(index % 10)).join('');
  for (const byte of said) line.emit('data', Buffer.from(byte));
  const chunks: Buffer[] = [];
  const reader = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  hub.attach(reader, false);
  expect(Buffer.concat(chunks).toString()).toBe(said);
  expect(chunks.length).toBeLessThan(20);
  // What it last said is kept, and not all that it ever said.
  for (let count = 0; count < 200_000; count += 1000) line.emit('data', Buffer.alloc(1000, 'x'));
  chunks.length = 0;
  hub.attach(reader, false);
  const kept = Buffer.concat(chunks);
  expect([kept.length >= 64 * 1024, kept.length < 72 * 1024, kept.includes('0')]).toEqual([true, true, false]);
  hub.close();
});
