/**
 * The VLANs of a managed switch's access ports. Ports are the numbers that are printed on it. All throw `LabError('device')` when
 * the switch refuses, does not answer in time, or has no such port, and the signal's reason when it is aborted.
 */
export interface Switch {
  /** The VLAN that untagged frames on the port belong to, 1..4094. */
  portVlan(port: number, signal: AbortSignal): Promise<number>;
  /** Comes back when the switch itself says that the port is in the VLAN. The VLAN must be there already. */
  setPortVlan(port: number, vlan: number, signal: AbortSignal): Promise<void>;
}
