import * as z from 'zod';
import { nearestName } from '../lab/nearest-name.ts';
import { highestVlanOf } from './board-numbers.ts';
import { countAddresses, formatSubnet, overlap, type Subnet } from './ipv4.ts';
import { formatSubnet6 } from './ipv6.ts';
import { boardSchema, classSchema, labSchema, roleSchema, switchSchema, userSchema } from './lab-schema.ts';
import type { Path, YamlFile } from './yaml-file.ts';

/**
 * Finds what one part of lab.yaml says against another. It looks at each value that is right by itself, so that it tells
 * its mistakes even when the file has others.
 */
export function checkLab(file: YamlFile): void {
  const content = asRecord(file.content);
  const users = salvageList(userSchema, content.users);
  const roles = salvageList(roleSchema, content.roles);
  const classes = salvageList(classSchema, content.classes);
  const switches = salvageList(switchSchema, content.switches);
  const boards = salvageList(boardSchema, content.boards);
  const { networks, virtual, trunk, jails } = salvage(labSchema, content);

  refuseTwice(file, users, 'users', ['name'], user => user.name);
  refuseTwice(file, roles, 'roles', ['name'], role => role.name);
  refuseTwice(file, classes, 'classes', ['name'], boardClass => boardClass.name);
  refuseTwice(file, switches, 'switches', ['name'], poeSwitch => poeSwitch.name);
  refuseTwice(file, boards, 'boards', ['handle'], board => board.handle);
  refuseTwice(file, boards, 'boards', ['mac'], board => board.mac);
  refuseTwice(file, boards, 'boards', ['vlan'], board => board.vlan);
  refuseTwice(file, boards, 'boards', ['serial', 'path'], board => board.serial?.path);
  refuseTwice(file, boards, 'boards', ['power', 'port'], ({ power }) => power && `${power.switch} port ${power.port}`);

  const roleNames = roles.flatMap(({ name }) => name ?? []);
  for (const [index, { role }] of users.entries()) mustExist(file, ['users', index, 'role'], 'role', role, roleNames);
  for (const [index, { lease, max_lease }] of classes.entries()) {
    if (lease === undefined || max_lease === undefined || lease <= max_lease) continue;
    file.addMistake(['classes', index, 'max_lease'], 'this is shorter than the lease that a claim has by default');
  }
  const classNames = classes.flatMap(({ name }) => name ?? []);
  const switchNames = switches.flatMap(({ name }) => name ?? []);
  for (const [index, board] of boards.entries()) {
    mustExist(file, ['boards', index, 'class'], 'class', board.class, classNames);
    mustExist(file, ['boards', index, 'power', 'switch'], 'switch', board.power?.switch, switchNames);
  }
  mustExist(file, ['virtual', 'switch'], 'switch', virtual?.switch, switchNames);
  if (virtual) checkVirtualPorts(file, boards, virtual);
  if (networks) checkNetworks(file, boards, networks);
  if (networks && !networks.ipv6) {
    for (const [index, server] of (jails?.nameservers ?? []).entries()) {
      if (!server.includes(':')) continue;
      file.addMistake(['jails', 'nameservers', index], 'jails have no IPv6: networks.ipv6 is not set');
    }
  }
  if (trunk?.via === 'vlan' && trunk.interface === jails?.uplink) {
    file.addMistake(['jails', 'uplink'], 'the trunk cannot be the uplink too: jails would reach the boards’ cable');
  }
}

type Board = Partial<z.infer<typeof boardSchema>>;
type Networks = NonNullable<Partial<z.infer<typeof labSchema>>['networks']>;
type Virtual = NonNullable<Partial<z.infer<typeof labSchema>>['virtual']>;

function checkVirtualPorts(file: YamlFile, boards: readonly Board[], virtual: Virtual): void {
  for (const [index, { power }] of boards.entries()) {
    if (power?.switch !== virtual.switch || power.port < virtual.ports) continue;
    const sentence =
      power.port === virtual.ports
        ? `port ${power.port} of the virtual switch is the trunk to the lab host`
        : `the virtual switch has ${virtual.ports} ports`;
    file.addMistake(['boards', index, 'power', 'port'], sentence);
  }
}

function checkNetworks(file: YamlFile, boards: readonly Board[], networks: Networks): void {
  const pools: [string, Subnet][] = [
    ['networks.boards', networks.boards],
    ['networks.jails', networks.jails],
  ];
  for (const key of ['boards', 'jails'] as const) {
    const pool = networks[key];
    if (pool.first < 0x0100_0000 || pool.first >= 0xe000_0000 || Math.floor(pool.first / 2 ** 24) === 127) {
      file.addMistake(['networks', key], `${formatSubnet(pool)} is not a network for hosts (RFC 6890)`);
    }
  }
  const { ipv6 } = networks;
  // 2000::/3 is what is given out (RFC 4291), fd00::/8 what a lab makes up for itself (RFC 4193).
  if (ipv6 && ipv6.first >> 125n !== 1n && ipv6.first >> 120n !== 0xfdn) {
    const sentence = `${formatSubnet6(ipv6)} is neither a global network (2000::/3) nor a unique local one (fd00::/8)`;
    file.addMistake(['networks', 'ipv6'], sentence);
  }
  if (overlap(networks.boards, networks.jails)) {
    file.addMistake(['networks', 'jails'], `${formatSubnet(networks.jails)} overlaps with networks.boards`);
  }
  const highest = highestVlanOf(networks);
  const taken = [...pools];
  for (const [index, { vlan, subnet }] of boards.entries()) {
    if (vlan !== undefined && vlan > highest.jails) {
      const size = countAddresses(networks.jails);
      file.addMistake(['boards', index, 'vlan'], `networks.jails has only ${size} addresses, too few for VLAN ${vlan}`);
    }
    if (!subnet) {
      if (vlan === undefined || vlan <= highest.boards) continue;
      const sentence = `networks.boards has only ${highest.boards + 1} networks of 256 addresses, too few for VLAN ${vlan}`;
      file.addMistake(['boards', index, 'vlan'], sentence);
      continue;
    }
    const at: Path = ['boards', index, 'subnet'];
    if (subnet.prefixLength < 16 || subnet.prefixLength > 25) {
      file.addMistake(at, "a board's own network has a prefix length from 16 to 25: the jail is .1, the board .100");
    }
    for (const [owner, other] of taken) {
      if (overlap(subnet, other)) file.addMistake(at, `${formatSubnet(subnet)} overlaps with ${owner}`);
    }
    taken.push([`boards[${index}].subnet`, subnet]);
  }
}

function refuseTwice<T>(
  file: YamlFile,
  entries: readonly T[],
  list: string,
  key: Path,
  pick: (entry: T) => string | number | undefined,
): void {
  const first = new Map<string | number, number>();
  for (const [index, entry] of entries.entries()) {
    const value = pick(entry);
    if (value === undefined) continue;
    const before = first.get(value);
    if (before === undefined) first.set(value, index);
    else file.addMistake([list, index, ...key], `${value} is already used by ${list}[${before}]`);
  }
}

function mustExist(file: YamlFile, path: Path, what: string, name: string | undefined, names: readonly string[]): void {
  if (name === undefined || names.includes(name)) return;
  const near = nearestName(name, names);
  file.addMistake(path, `there is no ${what} ${name}${near ? `; did you mean ${near}?` : ''}`);
}

/** The entries of a list with those of their values that are right. */
function salvageList<S extends z.ZodRawShape>(schema: z.ZodObject<S>, content: unknown) {
  return Array.isArray(content) ? content.map(entry => salvage(schema, entry)) : [];
}

function salvage<S extends z.ZodRawShape>(schema: z.ZodObject<S>, content: unknown): Partial<z.infer<z.ZodObject<S>>> {
  const record = asRecord(content);
  const right: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(schema.shape)) {
    const result = z.safeParse(field, record[key]);
    if (result.success) right[key] = result.data;
  }
  return right as Partial<z.infer<z.ZodObject<S>>>;
}

function asRecord(content: unknown): Readonly<Record<string, unknown>> {
  return typeof content === 'object' && content !== null ? (content as Record<string, unknown>) : {};
}
