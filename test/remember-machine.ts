import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMachineState } from './machine-state.ts';

/** Runs once before all tests that use namespaces; test/nothing-left.test.ts compares at the end. */
export const machineStateFile = join(import.meta.dirname, '../.cache/machine-before-tests.json');

// biome-ignore lint/style/noDefaultExport: what the test runner asks of a global set-up
export default function rememberMachine(): void {
  mkdirSync(join(import.meta.dirname, '../.cache'), { recursive: true });
  writeFileSync(machineStateFile, JSON.stringify(readMachineState()));
}
