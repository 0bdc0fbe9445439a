/** A PoE switch as its SNMP agent and its boards see it. Ports count from 1; the last one is the trunk. */
export interface SwitchModel {
  readonly portCount: number;
  readonly trunkPort: number;
  isPowered(port: number): boolean;
  detection(port: number): DetectionStatus;
  /** Comes back when the frames follow; the power that a board draws follows by itself. */
  setPowered(port: number, isPowered: boolean): void;
  pvid(port: number): number;
  setPvid(port: number, vlan: number): Promise<void>;
  vlans(): readonly number[];
  vlanName(vlan: number): string | undefined;
  setVlanName(vlan: number, name: string): void;
  createVlan(vlan: number): void;
  destroyVlan(vlan: number): void;
}

/** RFC 3621 pethPsePortDetectionStatus. */
export type DetectionStatus = 'disabled' | 'searching' | 'deliveringPower' | 'fault';

/** What is plugged into a port: told when power comes and goes, tells when it stops to draw power by itself. */
export interface PoweredDevice {
  /** `onFault` is called at most once for each `powerOn`. */
  powerOn(onFault: () => void): void;
  powerOff(): void;
}

export function createSwitchModel(options: {
  readonly ports: number;
  readonly pvids: ReadonlyMap<number, number>;
  readonly devices: ReadonlyMap<number, PoweredDevice>;
  /** Moves the frames of an access port to another VLAN. */
  movePort(port: number, vlan: number): Promise<void>;
}): SwitchModel {
  const { ports, devices, movePort } = options;
  const pvids = new Map(Array.from({ length: ports }, (_, index) => [index + 1, options.pvids.get(index + 1) ?? 1]));
  const names = new Map<number, string>([
    ...[...pvids.values()].map(vlan => [vlan, `vlan${vlan}`] as const),
    [1, 'default'],
  ]);
  const powered = new Set<number>();
  const faulty = new Set<number>();

  return {
    portCount: ports,
    trunkPort: ports,
    isPowered: port => powered.has(port),
    detection(port) {
      if (!powered.has(port)) return 'disabled';
      if (faulty.has(port)) return 'fault';
      return devices.has(port) ? 'deliveringPower' : 'searching';
    },
    setPowered(port, isPowered) {
      if (isPowered === powered.has(port)) return;
      faulty.delete(port);
      if (isPowered) {
        powered.add(port);
        devices.get(port)?.powerOn(() => faulty.add(port));
      } else {
        powered.delete(port);
        devices.get(port)?.powerOff();
      }
    },
    pvid: port => pvids.get(port) ?? 1,
    async setPvid(port, vlan) {
      await movePort(port, vlan);
      pvids.set(port, vlan);
    },
    vlans: () => [...names.keys()].sort((a, b) => a - b),
    vlanName: vlan => names.get(vlan),
    setVlanName: (vlan, name) => void names.set(vlan, name),
    createVlan: vlan => void names.set(vlan, names.get(vlan) ?? `vlan${vlan}`),
    destroyVlan: vlan => void names.delete(vlan),
  };
}
