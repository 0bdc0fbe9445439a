import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LabError } from '../lab/error.ts';
import { createEpochFence } from './epoch-fence.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'labcli-epochs-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('an older epoch is refused, of that board alone, also by the next jaild', () => {
  const fence = createEpochFence(directory);
  fence.pass('a', 4);
  fence.pass('a', 4);
  fence.pass('b', 1);
  for (const each of [fence, createEpochFence(directory)]) {
    expect(() => each.pass('a', 3)).toThrow(LabError);
    expect(() => each.check('a', 3)).toThrow(/epoch 3 is over/);
    each.check('a', 4);
  }
});

test('a check is not remembered', () => {
  const fence = createEpochFence(directory);
  fence.check('a', 9);
  fence.pass('a', 1);
});
