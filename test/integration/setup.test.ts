import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const setup = join(import.meta.dirname, '../../bin/setup');

/** Runs set-up under a wrapper that takes something away from it. */
function runWithout(...wrapper: readonly [string, ...string[]]) {
  const [program, ...args] = [...wrapper, 'sh', setup] as const;
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('without root, one sentence says so', () => {
  const { status, stdout, stderr } = runWithout('setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups');
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(/^labcli set-up: root is needed.*\n$/);
});

test('where namespaces may not be made, one sentence says so', () => {
  const { status, stdout, stderr } = runWithout('setpriv', '--bounding-set', '-sys_admin', '--inh-caps', '-all');
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(/^labcli set-up: this machine does not let root make namespaces.*\n$/);
});
