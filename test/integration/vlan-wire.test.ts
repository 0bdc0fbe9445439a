import { boardWireContract } from './board-wire.contract.ts';
import { guestExchange, runInGuest } from './lab-guest.ts';
import { expectSuccess } from './told-outcomes.ts';
import { vlanWireContract } from './vlan-wire.contract.ts';
import { runWireTests, type WireRun } from './wire-program.ts';

/** A board's wire by the kernel's 802.1Q, in a guest: its kernel has it, whatever this machine's is. */
let wireRun: WireRun;
beforeAll(async () => {
  const start = (directory: string, command: readonly string[]) =>
    runInGuest({ directory, command, timeoutMs: 170_000 });
  wireRun = await runWireTests('vlan', start, guestExchange);
}, 180_000);

test.each([...boardWireContract, ...vlanWireContract])('$name', ({ name }) => expectSuccess(wireRun, name));
