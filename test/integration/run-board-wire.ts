import type { Trunk } from '../../src/config/lab-config.ts';
import { boardWireContract } from './board-wire.contract.ts';
import { tellOutcome } from './told-outcomes.ts';
import { vlanWireContract } from './vlan-wire.contract.ts';
import { createWireBench } from './wire-bench.ts';

/**
 * run-board-wire.ts openvswitch|vlan FILE: runs the contract of a board's wire on a lab host whose trunk is ready, and adds a
 * line of JSON to FILE for each test.
 */
const [via, file = ''] = process.argv.slice(2) as [Trunk['via'], string];
const tests = via === 'vlan' ? [...boardWireContract, ...vlanWireContract] : boardWireContract;

for (const { name, check } of tests) {
  await tellOutcome(file, name, async () => {
    const bench = await createWireBench(via);
    try {
      await check(bench);
    } finally {
      await bench.close();
    }
  });
}
