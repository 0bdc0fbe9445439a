import { readFileSync } from 'node:fs';
import { findLeftovers, type MachineState, readMachineState } from './machine-state.ts';
import { machineStateFile } from './remember-machine.ts';

test('the tests left no process, namespace, interface, mount, cgroup, loop device, account or file', () => {
  const before = JSON.parse(readFileSync(machineStateFile, 'utf8')) as MachineState;
  expect(findLeftovers(before, readMachineState())).toEqual({});
});

test('a leftover would be seen', () => {
  const state = readMachineState();
  const mounts = state.mounts ?? [];
  expect(mounts.length).toBeGreaterThan(0);
  expect(findLeftovers({ ...state, mounts: mounts.slice(1).filter(mount => mount !== mounts[0]) }, state)).toEqual({
    mounts: mounts.filter(mount => mount === mounts[0]),
  });
});
