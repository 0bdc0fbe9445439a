import type { SwitchModel } from '../switch-model.ts';
import { type Instance, integer, readable, refuse, type SetRequest, text, type Write } from './oid-tree.ts';

const pvidColumn = '1.3.6.1.2.1.17.7.1.4.5.1.1';
const staticTable = '1.3.6.1.2.1.17.7.1.4.3.1';
const nameColumn = `${staticTable}.1`;
const statusColumn = `${staticTable}.5`;

/** The columns that can be set. */
export const writableVlanColumns = [pvidColumn, nameColumn, statusColumn];

/** RowStatus (RFC 2579). */
const rowStatus = { active: 1, createAndGo: 4, createAndWait: 5, destroy: 6 } as const;

/**
 * dot1qPortVlanTable and dot1qVlanStaticTable (RFC 4363) of a switch whose ports are access ports: a port is an untagged member
 * of its PVID's VLAN and of no other, the trunk is a tagged member of all. So membership follows dot1qPvid, and the
 * PortLists can only be read.
 */
export function vlanInstances(model: SwitchModel, ports: readonly number[]): Instance[] {
  return [
    ...ports.map(port => ({
      oid: `${pvidColumn}.${port}`,
      read: () => ({ type: 'Gauge' as const, value: model.pvid(port) }),
      write: setPvid(model, port),
    })),
    ...model.vlans().flatMap(vlan => rowInstances(model, ports, vlan)),
  ];
}

function setPvid(model: SwitchModel, port: number): Write {
  return (value, type) => {
    // VlanIndex is Unsigned32, whose tag is Gauge32's; some clients send an Integer32.
    if ((type !== 'Gauge' && type !== 'Integer') || typeof value !== 'number') return refuse('WrongType');
    if (value < 1 || value > 4094) return refuse('WrongValue');
    if (port === model.trunkPort || !model.vlans().includes(value)) return refuse('InconsistentValue');
    const before = model.pvid(port);
    return { run: () => model.setPvid(port, value), undo: () => model.setPvid(port, before) };
  };
}

function rowInstances(model: SwitchModel, ports: readonly number[], vlan: number): Instance[] {
  const column = (number: number) => `${staticTable}.${number}.${vlan}`;
  const untagged = () => ports.filter(port => port !== model.trunkPort && model.pvid(port) === vlan);
  const setStatus: Write = (value, type) => {
    if (type !== 'Integer') return refuse('WrongType');
    if (value === rowStatus.active) return { run() {} };
    if (value !== rowStatus.destroy) return refuse('InconsistentValue');
    if (vlan === 1 || untagged().length > 0) return refuse('InconsistentValue');
    return { run: () => model.destroyVlan(vlan) };
  };
  return [
    { oid: column(1), read: () => text(model.vlanName(vlan) ?? ''), write: setName(model, vlan) },
    readable(column(2), () => text(encodePortList([...untagged(), model.trunkPort], model.portCount))),
    readable(column(3), () => text(encodePortList([], model.portCount))),
    readable(column(4), () => text(encodePortList(untagged(), model.portCount))),
    { oid: column(5), read: () => integer(rowStatus.active), write: setStatus },
  ];
}

function setName(model: SwitchModel, vlan: number): Write {
  return (value, type) => {
    if (type !== 'OctetString' || !Buffer.isBuffer(value)) return refuse('WrongType');
    if (value.length > 32) return refuse('WrongLength');
    return { run: () => model.setVlanName(vlan, value.toString('utf8')) };
  };
}

/** What a SET may create: a VLAN, by createAndGo on its row status, and its name along with that. */
export function createVlanRow(model: SwitchModel, oid: string, request: SetRequest): Write | undefined {
  const column = [nameColumn, statusColumn].find(prefix => oid.startsWith(`${prefix}.`));
  const vlan = column === undefined ? Number.NaN : Number(oid.slice(column.length + 1));
  if (!(Number.isInteger(vlan) && vlan >= 1 && vlan <= 4094)) return undefined;
  if (column === nameColumn) {
    const isCreated = request.some(
      other => other.oid === `${statusColumn}.${vlan}` && other.value === rowStatus.createAndGo,
    );
    return isCreated ? setName(model, vlan) : () => refuse('InconsistentName');
  }
  return (value, type) => {
    if (type !== 'Integer') return refuse('WrongType');
    if (value === rowStatus.createAndWait) return refuse('WrongValue');
    // A row that is not there can be destroyed, and stays not there (RFC 2579).
    if (value === rowStatus.destroy) return { run() {} };
    if (value !== rowStatus.createAndGo) return refuse('InconsistentValue');
    return { run: () => model.createVlan(vlan) };
  };
}

/** PortList (RFC 4363): one bit a port, the first port in the highest bit of the first octet. */
export function encodePortList(members: readonly number[], portCount: number): Buffer {
  const list = Buffer.alloc(Math.ceil(portCount / 8));
  for (const port of members) {
    const octet = (port - 1) >> 3;
    list[octet] = (list[octet] ?? 0) | (0x80 >> ((port - 1) & 7));
  }
  return list;
}
