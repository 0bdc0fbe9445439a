import type { LabConfig, PoeSwitch, Secrets } from '../config/lab-config.ts';
import type { Board } from '../lab/board.ts';
import { LabError } from '../lab/error.ts';
import type { Power } from './power/power.ts';
import { createSnmpPower } from './power/snmp-power.ts';
import { createSnmpSession, type SnmpSession } from './snmp/snmp-session.ts';
import { createQBridgeSwitch } from './switch/qbridge-switch.ts';
import type { Switch } from './switch/switch.ts';

/** Gives each board the drivers of the switch that it is plugged into. Boards on one switch share its session, and so its queue. */
export interface SwitchRegistry {
  powerOf(board: Board): Power;
  /** `undefined` for a switch whose VLANs lab.yaml says cannot be read. */
  switchOf(board: Board): Switch | undefined;
  close(): void;
}

export function createSwitchRegistry(config: LabConfig, secrets: Secrets): SwitchRegistry {
  const sessions = new Map<string, SnmpSession>();

  function reach(board: Board): { readonly session: SnmpSession; readonly poeSwitch: PoeSwitch } {
    const poeSwitch = config.switches.find(({ name }) => name === board.poePort.switch);
    if (!poeSwitch) throw new LabError('bug', `${board.handle} is on a switch that lab.yaml does not have`);
    const session = sessions.get(poeSwitch.name) ?? createSnmpSession(poeSwitch, secrets);
    sessions.set(poeSwitch.name, session);
    return { session, poeSwitch };
  }

  return {
    powerOf(board) {
      const { session, poeSwitch } = reach(board);
      return createSnmpPower(session, board.poePort, poeSwitch.poe);
    },
    switchOf(board) {
      const { session, poeSwitch } = reach(board);
      return poeSwitch.checkVlan ? createQBridgeSwitch(session) : undefined;
    },
    close() {
      for (const session of sessions.values()) session.close();
    },
  };
}
