import { LabError } from '../../lab/error.ts';
import type { SnmpSession } from '../snmp/snmp-session.ts';
import type { Switch } from './switch.ts';

/** dot1qPvid (Q-BRIDGE-MIB, RFC 4363), indexed by bridge port; its type VlanIndex is Unsigned32, which is Gauge on the wire. */
const pvidOf = (port: number) => `1.3.6.1.2.1.17.7.1.4.5.1.1.${port}`;

export function createQBridgeSwitch(session: SnmpSession): Switch {
  return {
    portVlan: (port, signal) => session.readInteger(pvidOf(port), signal),
    async setPortVlan(port, vlan, signal) {
      await session.writeInteger(pvidOf(port), vlan, 'Gauge', signal);
      const now = await session.readInteger(pvidOf(port), signal);
      if (now !== vlan) throw new LabError('device', `the switch took VLAN ${vlan} for port ${port}, but says ${now}`);
    },
  };
}
