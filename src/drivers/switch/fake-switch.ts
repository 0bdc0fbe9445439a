import { LabError } from '../../lab/error.ts';
import type { Switch } from './switch.ts';

/** A switch without hardware, for tests: its ports with their VLANs, and the VLANs that it has. */
export function createFakeSwitch(ports: ReadonlyMap<number, number>, vlans: readonly number[]): Switch {
  const pvids = new Map(ports);
  return {
    async portVlan(port, signal) {
      signal.throwIfAborted();
      const vlan = pvids.get(port);
      if (vlan === undefined) throw new LabError('device', `fake switch: it has no port ${port}`);
      return vlan;
    },
    async setPortVlan(port, vlan, signal) {
      signal.throwIfAborted();
      if (!pvids.has(port)) throw new LabError('device', `fake switch: it has no port ${port}`);
      if (!vlans.includes(vlan)) throw new LabError('device', `fake switch: it refused VLAN ${vlan}`);
      pvids.set(port, vlan);
    },
  };
}
