import type { LabConfig, Secrets } from '../../config/lab-config.ts';
import type { Board } from '../../lab/board.ts';
import { LabError } from '../../lab/error.ts';
import { createSnmpSession, type SnmpSession } from '../snmp/snmp-session.ts';
import type { Power } from './power.ts';
import { createSnmpPower } from './snmp-power.ts';

/** Gives each board its power driver. Boards on one switch share its session, and so its queue. */
export interface PowerRegistry {
  powerOf(board: Board): Power;
  close(): void;
}

export function createPowerRegistry(config: LabConfig, secrets: Secrets): PowerRegistry {
  const sessions = new Map<string, SnmpSession>();
  return {
    powerOf(board) {
      const poeSwitch = config.switches.find(({ name }) => name === board.poePort.switch);
      if (!poeSwitch) throw new LabError('bug', `${board.handle} is on a switch that lab.yaml does not have`);
      const session = sessions.get(poeSwitch.name) ?? createSnmpSession(poeSwitch, secrets);
      sessions.set(poeSwitch.name, session);
      return createSnmpPower(session, board.poePort, poeSwitch.poe);
    },
    close() {
      for (const session of sessions.values()) session.close();
    },
  };
}
