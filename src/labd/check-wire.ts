import type { Switch } from '../drivers/switch/switch.ts';
import type { Board } from '../lab/board.ts';
import { LabError } from '../lab/error.ts';

const timeoutMs = 10_000;

/**
 * Makes sure that the switch has the board's port in the board's own VLAN, before a jail is put on that wire: a port that somebody
 * moved would join two users' boards. Throws `LabError('device')`.
 */
export async function checkWire(board: Board, poeSwitch: Switch | undefined): Promise<void> {
  if (!poeSwitch) return;
  const { handle, vlan, poePort } = board;
  const pvid = await poeSwitch.portVlan(poePort.port, AbortSignal.timeout(timeoutMs));
  if (pvid === vlan) return;
  const message = `${handle} is not on its own wire: switch ${poePort.switch} has port ${poePort.port} in VLAN ${pvid}, not ${vlan}`;
  throw new LabError('device', message, { hint: `set the PVID of that port to ${vlan}, or correct lab.yaml` });
}
