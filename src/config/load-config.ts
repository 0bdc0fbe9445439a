import { dirname } from 'node:path';
import type { Board } from '../lab/board.ts';
import { LabError } from '../lab/error.ts';
import { boardNetworkOf, uidBaseOf } from './board-numbers.ts';
import { checkLab } from './check-lab.ts';
import { addIssues } from './issue-sentence.ts';
import type { BoardClass, JailLimits, LabConfig, PoeSwitch, Quota, User } from './lab-config.ts';
import { type LabDocument, labSchema, userSchema } from './lab-schema.ts';
import { lookUpKeys } from './user-keys.ts';
import { readYamlFile, type YamlFile } from './yaml-file.ts';

/** What a lease may grow to where lab.yaml does not say. */
const weekMs = 7 * 86_400_000;

/**
 * Reads lab.yaml, and the key files that it names. Throws one `LabError('usage')` with all mistakes, each on a line of its
 * own: `lab.yaml:LINE:COLUMN: boards[1].vlan: sentence`.
 */
export function loadConfig(path: string): LabConfig {
  const file = readYamlFile(path);
  const result = labSchema.safeParse(file.content);
  if (!result.success) addIssues(file, result.error.issues);
  checkLab(file);
  const users = readUsers(file, dirname(path));
  file.throwMistakes();
  return buildConfig(labSchema.parse(file.content), users);
}

/** Users with the keys that could be read; what could not be is among the file's mistakes. */
function readUsers(file: YamlFile, directory: string): User[] {
  const entries = (file.content as { users?: unknown } | null)?.users;
  const owners = new Map<string, string>();
  return (Array.isArray(entries) ? entries : []).map((entry, index) => {
    const user = userSchema.safeParse(entry);
    const keys: string[] = [];
    for (const [position, text] of (user.data?.keys ?? []).entries()) {
      const place = ['users', index, 'keys', position];
      const found = lookUpKeys(text, directory);
      if ('problem' in found) {
        file.addMistake(place, found.problem);
        continue;
      }
      for (const key of found.keys) {
        const owner = owners.get(key);
        if (owner) file.addMistake(place, `this key is already used by ${owner}`);
        owners.set(key, `users[${index}].keys[${position}]`);
        keys.push(key);
      }
    }
    const { name = '', role, priority, boards, waiting, lease } = user.data ?? {};
    return {
      name,
      keys,
      ...(role === undefined ? {} : { role }),
      ...(priority === undefined ? {} : { priority }),
      quota: buildQuota({ boards, waiting, lease }),
    };
  });
}

function buildConfig(document: LabDocument, users: readonly User[]): LabConfig {
  const { name, classes, trunk, jails, virtual, reservations } = document;
  return {
    name,
    users,
    roles: document.roles.map(({ name, admin, priority, together, ...quota }) => ({
      name,
      isAdmin: admin,
      priority,
      quota: buildQuota(quota),
      ...(together === undefined ? {} : { together }),
    })),
    classes: classes.map(boardClass => buildClass(boardClass, jails)),
    switches: document.switches.map(buildSwitch),
    boards: document.boards.map(board => buildBoard(board, document)),
    trunk,
    jailNetwork: document.networks.jails,
    jails: {
      uplink: jails.uplink,
      nameservers: jails.nameservers,
      nfsBytes: jails.nfs_size,
      deny: jails.deny,
      masquerade: jails.masquerade,
      rootBytes: jails.root_size,
      allowWithout: jails.allow_without,
      limits: buildLimits(jails.limits),
    },
    reservations: {
      holdGraceMs: reservations.hold_grace,
      warnMs: reservations.warn,
      outageGraceMs: reservations.outage_grace,
      historyMs: reservations.history,
    },
    ...(virtual && {
      virtual: { switch: virtual.switch, ports: virtual.ports, boardMemory: virtual.board_memory },
    }),
  };
}

function buildClass(boardClass: LabDocument['classes'][number], jails: LabDocument['jails']): BoardClass {
  const {
    lease,
    max_lease,
    extend_while_waiting,
    off_time,
    nested_namespaces,
    limits,
    boot,
    setup,
    setup_timeout,
    health,
    ...rest
  } = boardClass;
  return {
    ...rest,
    leaseMs: lease,
    maxLeaseMs: max_lease ?? Math.max(lease, weekMs),
    yieldsToWaiters: !extend_while_waiting,
    offTimeMs: off_time,
    nestedNamespaces: nested_namespaces,
    limits: buildLimits(jails.limits, limits),
    ...(boot === undefined ? {} : { boot }),
    ...(setup === undefined ? {} : { setup: { script: setup, timeoutMs: setup_timeout } }),
    ...(health && {
      health: {
        expect: health.expect,
        withinMs: health.within,
        ...(health.every === undefined ? {} : { everyMs: health.every }),
        ...(health.after_claims === undefined ? {} : { afterClaims: health.after_claims }),
      },
    }),
  };
}

function buildQuota(quota: {
  readonly boards?: number | undefined;
  readonly waiting?: number | undefined;
  readonly lease?: number | undefined;
}): Quota {
  const { boards, waiting, lease } = quota;
  return {
    ...(boards === undefined ? {} : { boards }),
    ...(waiting === undefined ? {} : { waiting }),
    ...(lease === undefined ? {} : { leaseMs: lease }),
  };
}

function buildLimits(
  all: LabDocument['jails']['limits'],
  own: LabDocument['classes'][number]['limits'] = {},
): JailLimits {
  return {
    memoryBytes: own.memory ?? all.memory,
    processes: own.processes ?? all.processes,
    cpus: own.cpu ?? all.cpu,
    ioBytesPerSecond: own.io ?? all.io,
  };
}

function buildSwitch({ name, host, udp_port, snmp, poe, check_vlan }: LabDocument['switches'][number]): PoeSwitch {
  const { admin_oid, group, on, off, settle } = poe;
  return {
    name,
    host,
    udpPort: udp_port,
    snmp: snmp.version === 3 ? { ...snmp, version: '3' } : snmp,
    checkVlan: check_vlan,
    poe: { adminOid: admin_oid, group, onValue: on, offValue: off, settleMs: settle },
  };
}

function buildBoard(board: LabDocument['boards'][number], document: LabDocument): Board {
  const { handle, mac, vlan } = board;
  const boardClass = document.classes.find(({ name }) => name === board.class);
  if (!boardClass) throw new LabError('bug', `${handle} passed the checks with an unknown class`);
  return {
    handle,
    class: board.class,
    architecture: boardClass.architecture,
    labels: board.labels,
    mac,
    vlan,
    poePort: board.power,
    serial: { path: board.serial.path, baudRate: board.serial.baud },
    network: boardNetworkOf(vlan, document.networks, board.subnet),
    uidBase: uidBaseOf(vlan),
  };
}
