import { setTimeout as sleep } from 'node:timers/promises';
import type { PoeProfile } from '../../config/lab-config.ts';
import type { PoePort } from '../../lab/board.ts';
import { LabError } from '../../lab/error.ts';
import type { SnmpSession } from '../snmp/snmp-session.ts';
import type { Power } from './power.ts';

const firstPauseMs = 10;
const longestPauseMs = 250;

/** A PoE port that is switched by setting an INTEGER: RFC 3621 pethPsePortAdminEnable, or what the switch's profile says. */
export function createSnmpPower(
  session: SnmpSession,
  { switch: switchName, port }: PoePort,
  profile: PoeProfile,
): Power {
  const { adminOid, group, onValue, offValue, settleMs } = profile;
  const oid = adminOid.replaceAll('{group}', String(group)).replaceAll('{port}', String(port));

  async function read(signal: AbortSignal): Promise<boolean> {
    const value = await session.readInteger(oid, signal);
    if (value === onValue) return true;
    if (value === offValue) return false;
    throw new LabError(
      'device',
      `switch ${switchName}: it says ${value}, which is neither on (${onValue}) nor off (${offValue})`,
      {
        hint: "is the switch's poe block in lab.yaml right?",
      },
    );
  }

  async function reach(wanted: boolean, signal: AbortSignal): Promise<void> {
    await session.writeInteger(oid, wanted ? onValue : offValue, 'Integer', signal);
    const deadline = performance.now() + settleMs;
    for (let pauseMs = firstPauseMs; (await read(signal)) !== wanted; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      if (performance.now() >= deadline) {
        throw new LabError(
          'device',
          `switch ${switchName}: it accepted, but still says ${wanted ? 'off' : 'on'} after ${settleMs} ms`,
          {
            hint: wanted ? "is the switch's power budget spent, or the port faulty?" : 'is the port faulty?',
          },
        );
      }
      await sleep(pauseMs, undefined, { signal });
    }
  }

  /** Says which port could not do what. */
  async function attempt<T>(what: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      const hint = error.hint === undefined ? {} : { hint: error.hint };
      throw new LabError(error.code, `PoE port ${port}: cannot ${what}: ${error.message}`, { ...hint, cause: error });
    }
  }

  return {
    on: signal => attempt('turn power on', () => reach(true, signal)),
    off: signal => attempt('turn power off', () => reach(false, signal)),
    isOn: signal => attempt('read whether power is on', () => read(signal)),
  };
}
