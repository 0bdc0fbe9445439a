import type { SwitchModel } from '../switch-model.ts';
import {
  createOidTree,
  type Instance,
  integer,
  type OidTree,
  readable,
  refuse,
  type SnmpValue,
  text,
  type Write,
} from './oid-tree.ts';
import { createVlanRow, vlanInstances, writableVlanColumns } from './vlan-table.ts';

/** ifIndex of a port. Unlike the port's number, as on many switches: whoever mixes them up shall find out here. */
export const interfaceIndex = (port: number) => 1000 + port;

const powerAdminColumn = '1.3.6.1.2.1.105.1.1.1.3';

const detectionCodes = { disabled: 1, searching: 2, deliveringPower: 3, fault: 4 } as const;

/**
 * Everything that the switch's agent answers now (rows come and go, so ask for each request anew): system (RFC 3418), ifTable (RFC 2863),
 * dot1dBasePortTable (RFC 4188), dot1qVlan (RFC 4363) and POWER-ETHERNET-MIB (RFC 3621).
 */
export function createMib(model: SwitchModel, uptimeMs: () => number): OidTree {
  const ports = Array.from({ length: model.portCount }, (_, index) => index + 1);
  const instances = [
    ...systemInstances(uptimeMs),
    readable('1.3.6.1.2.1.2.1.0', () => integer(model.portCount)),
    ...ports.flatMap(port => interfaceInstances(model, port)),
    readable('1.3.6.1.2.1.17.1.2.0', () => integer(model.portCount)),
    ...ports.flatMap(port => [
      readable(`1.3.6.1.2.1.17.1.4.1.1.${port}`, () => integer(port)),
      readable(`1.3.6.1.2.1.17.1.4.1.2.${port}`, () => integer(interfaceIndex(port))),
    ]),
    ...vlanInstances(model, ports),
    ...ports.filter(port => port !== model.trunkPort).flatMap(port => powerInstances(model, port)),
    ...mainPowerInstances(model, ports),
  ];
  return createOidTree(instances, (oid, request) => createVlanRow(model, oid, request), [
    ...writableVlanColumns,
    powerAdminColumn,
  ]);
}

function systemInstances(uptimeMs: () => number): Instance[] {
  return [
    readable('1.3.6.1.2.1.1.1.0', () => text('virtual PoE switch')),
    readable('1.3.6.1.2.1.1.2.0', () => ({ type: 'OID', value: '1.3.6.1.4.1.8072.3.2.10' })),
    // Hundredths of a second.
    readable('1.3.6.1.2.1.1.3.0', () => ({ type: 'TimeTicks', value: Math.floor(uptimeMs() / 10) })),
    readable('1.3.6.1.2.1.1.5.0', () => text('poe-switch')),
  ];
}

function interfaceInstances(model: SwitchModel, port: number): Instance[] {
  const column = (number: number, read: () => SnmpValue) =>
    readable(`1.3.6.1.2.1.2.2.1.${number}.${interfaceIndex(port)}`, read);
  const isUp = () => port === model.trunkPort || model.detection(port) === 'deliveringPower';
  return [
    column(1, () => integer(interfaceIndex(port))),
    column(2, () => text(`port ${port}`)),
    column(3, () => integer(6)), // ethernetCsmacd
    column(7, () => integer(1)),
    column(8, () => integer(isUp() ? 1 : 2)),
  ];
}

/** pethPsePortTable, group 1. pethPsePortAdminEnable is a TruthValue: true(1), false(2). */
function powerInstances(model: SwitchModel, port: number): Instance[] {
  const column = (number: number) => `1.3.6.1.2.1.105.1.1.1.${number}.1.${port}`;
  const setPowered: Write = (value, type) => {
    if (type !== 'Integer' || typeof value !== 'number') return refuse('WrongType');
    if (value !== 1 && value !== 2) return refuse('WrongValue');
    return { run: () => model.setPowered(port, value === 1) };
  };
  return [
    { oid: `${powerAdminColumn}.1.${port}`, read: () => integer(model.isPowered(port) ? 1 : 2), write: setPowered },
    readable(column(6), () => integer(detectionCodes[model.detection(port)])),
    readable(column(10), () => integer(1)), // class0
  ];
}

/** pethMainPseTable: what the switch can give and what the boards draw, in watts (a nominal 4 W each). */
function mainPowerInstances(model: SwitchModel, ports: readonly number[]): Instance[] {
  const drawn = () => ports.filter(port => model.detection(port) === 'deliveringPower').length * 4;
  return [
    readable('1.3.6.1.2.1.105.1.3.1.1.2.1', () => ({ type: 'Gauge', value: model.portCount * 15 })),
    readable('1.3.6.1.2.1.105.1.3.1.1.3.1', () => integer(1)),
    readable('1.3.6.1.2.1.105.1.3.1.1.4.1', () => ({ type: 'Gauge', value: drawn() })),
  ];
}
