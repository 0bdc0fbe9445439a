import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockStore } from './lock-store.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'labcli-lock-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('one daemon alone works with a store, and the next one when it has ended', () => {
  const path = join(directory, 'lab.db');
  const first = lockStore(path, 0);
  expect(() => lockStore(path, 0)).toThrow(
    expect.objectContaining({ code: 'busy', message: `another labd works with ${path}` }),
  );
  lockStore(join(directory, 'other.db'), 0).unlock();
  first.unlock();
  lockStore(path, 0).unlock();
});
