import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findLeftovers, readMachineState } from '../machine-state.ts';

const source = join(import.meta.dirname, '../..');

function demo(...args: readonly string[]) {
  return new Promise<{ code: number; stdout: string; stderr: string }>(resolve => {
    const child = execFile(process.execPath, [join(source, 'bin/demo.ts'), ...args], (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 255 : 0, stdout, stderr }),
    );
    child.stdin?.end();
  });
}

test('the demo does the main job, twice in a row, and --down leaves nothing behind', async () => {
  const before = readMachineState();
  const directory = join(mkdtempSync(join(tmpdir(), 'labcli-demo-')), 'lab');
  try {
    for (const round of [1, 2]) {
      const { code, stdout, stderr } = await demo('--lab', directory);
      expect({ round, code, stderr }).toEqual({ round, code: 0, stderr: '' });
      for (const milestone of [
        'claim rockpro64',
        'root on rockpro64',
        'U-Boot',
        'login:',
        'nfs',
        'release',
        '--down',
      ]) {
        expect(stdout).toContain(milestone);
      }
    }
    expect(await demo('--lab', directory, '--down')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(existsSync(directory)).toBe(false);
    expect(await demo('--lab', directory, '--down')).toMatchObject({ code: 0 });
  } finally {
    await demo('--lab', directory, '--down');
    rmSync(join(directory, '..'), { recursive: true, force: true });
  }
  expect(findLeftovers(before, readMachineState())).toEqual({});
}, 180_000);
