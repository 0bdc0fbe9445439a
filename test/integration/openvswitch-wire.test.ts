import { run } from '../../src/system/run.ts';
import { boardWireContract } from './board-wire.contract.ts';
import { expectSuccess } from './told-outcomes.ts';
import { runWireTests, type WireRun } from './wire-program.ts';

/** A board's wire by Open vSwitch, on a lab host of namespaces. */
let wireRun: WireRun;
beforeAll(async () => {
  const kinds = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--net', '--uts', '--ipc'];
  wireRun = await runWireTests('openvswitch', (_directory, command) =>
    run('unshare', [...kinds, ...command], { timeoutMs: 50_000 }).catch(String),
  );
});

test.each(boardWireContract)('$name', ({ name }) => expectSuccess(wireRun, name));
