import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { tellOutcome } from './told-outcomes.ts';
import { vlanJailContract } from './vlan-jail.contract.ts';

/** run-vlan-jail.ts DIR: starts jaild, and adds a line of JSON to DIR/outcomes for each test. */
const [directory = ''] = process.argv.slice(2);
const jaild = spawn(process.execPath, ['--jitless', '/opt/labcli/lib/jaild.js'], { stdio: 'inherit' });
for (const { name, check } of vlanJailContract) {
  await tellOutcome(join(directory, 'outcomes'), name, () => check(directory));
}
jaild.kill();
