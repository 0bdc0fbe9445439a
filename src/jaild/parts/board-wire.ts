import { LabError } from '../../lab/error.ts';
import type { JailLayout, JailSpec } from '../jail-layout.ts';
import type { Part } from '../part.ts';
import { createOpenVswitchWire } from './openvswitch-wire.ts';
import { createVlanWire } from './vlan-wire.ts';

/** The interface `board` in the jail: one end of the board's own VLAN. */
export function createBoardWire(spec: JailSpec, layout: JailLayout): Part {
  const { trunk } = spec;
  return trunk.via === 'vlan'
    ? createVlanWire(spec, layout, trunk.interface)
    : createOpenVswitchWire(spec, layout, trunk.bridge);
}

/** Commands for the jail's end, once it is there. The alias comes last: it says that the others were done. */
export function boardInterfaceCommands({ board }: JailSpec): string[] {
  const { gateway, prefixLength, ipv6 } = board.network;
  return [
    `address add ${gateway}/${prefixLength} dev board`,
    ...(ipv6 ? [`address add ${ipv6.gateway}/64 dev board nodad`] : []),
    'link set board up',
    `link set board alias "${wireAlias(board.handle)}"`,
  ];
}

export function wireAlias(handle: string): string {
  return `labcli ${handle}`;
}

/** What is said when the place of a wire has something that jaild did not make: it is left as it is. */
export function refuseStranger(vlan: number, name: string): LabError {
  return new LabError('device', `this host has ${name} already, which is in the way of VLAN ${vlan}`, {
    hint: `delete it if nobody needs it: ip link delete ${name}`,
  });
}
