import * as z from 'zod';
import { parseDuration, parseSize } from '../lab/quantity.ts';
import { parseIpv4, parseSubnet } from './ipv4.ts';
import { parseIpv6, parseSubnet6 } from './ipv6.ts';

/** The shape of lab.yaml. What one part says about another is checked in check-lab.ts. */

/** An object of known keys. For a key that is not, the issue's message is the known ones: see issue-sentence.ts. */
function block<S extends z.ZodRawShape>(shape: S) {
  return z.strictObject(shape, {
    error: ({ code }) => (code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : undefined),
  });
}

function text(pattern: RegExp, sentence: string) {
  return z.string().regex(pattern, { error: sentence });
}

/** Text that `parse` turns into a value; undefined means that it is not one. */
function parsed<T>(parse: (text: string) => T | undefined, sentence: string) {
  return z.string().transform((value, context) => {
    const result = parse(value);
    if (result !== undefined) return result;
    context.addIssue({ code: 'custom', message: sentence });
    return z.NEVER;
  });
}

function integer(least: number, most: number, what = '') {
  const sentence = `${what ? `${what} is` : 'this is'} a whole number from ${least} to ${most}`;
  return z.int().min(least, sentence).max(most, sentence);
}

function list<T extends z.ZodType>(element: T) {
  return z.array(element).min(1, { error: 'at least one is needed' });
}

const nameRule = 'a name is made of small letters, digits and -, and begins with a letter or digit (at most 40)';
const name = text(/^[a-z0-9][a-z0-9-]{0,39}$/, nameRule);
const handle = text(
  /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/,
  'a handle is a host name: small letters, digits and - inside, at most 40',
);
// It becomes part of the forced command in authorized_keys, so nothing that a shell or sshd could read otherwise.
const userName = text(
  /^[a-z][a-z0-9._-]{0,31}$/,
  'a user name begins with a small letter and goes on with small letters, digits, `.`, `_` and `-` (at most 32)',
);
const label = text(
  /^[a-z0-9][a-z0-9._-]*(=[A-Za-z0-9._-]+)?$/,
  'a label is a word such as sdmux, or a word and a value such as ram=4g',
);
const networkInterface = text(
  /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,15}$/,
  'the name of a network interface has 1 to 15 letters, digits, `.`, `_` and `-`',
);
const duration = parsed(
  value => positive(parseDuration(value)),
  'a duration is a number and a unit, such as 1s, 30m, 4h or 7d',
);
const size = parsed(value => positive(parseSize(value)), 'a size is a number and a unit, such as 512M or 2G');
const host = text(/^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'this is not an IPv4 address or host name');
const subnet = z.string().transform((value, context) => {
  const result = parseSubnet(value);
  if (typeof result !== 'string') return result;
  context.addIssue({ code: 'custom', message: result });
  return z.NEVER;
});
const subnet6 = z.string().transform((value, context) => {
  const result = parseSubnet6(value);
  if (typeof result !== 'string' && result.prefixLength === 48) return result;
  const message =
    typeof result === 'string' ? result : `${value} is not a /48: each board's VLAN number becomes a /64 of it`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});
const address = z.string().refine(value => parseIpv4(value) !== undefined || parseIpv6(value) !== undefined, {
  error: 'this is not an IP address',
});
/** A network of either family, as text: it ends in a rule of the firewall. */
const anySubnet = z.string().superRefine((value, context) => {
  const result = value.includes(':') ? parseSubnet6(value) : parseSubnet(value);
  if (typeof result === 'string') context.addIssue({ code: 'custom', message: result });
});
/** RFC 1918, RFC 6598 (carriers' NAT), RFC 3927 and RFC 4291 (link-local), RFC 4193 (unique local). */
const privateNetworks = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  'fe80::/10',
  'fc00::/7',
];
const oid = z
  .string()
  .regex(/^\d+(\.(\d+|\{group\}|\{port\}))+$/, {
    error: 'an OID is numbers with dots between; {group} and {port} are replaced',
  })
  .refine(value => value.includes('{port}'), {
    error: 'the OID has no {port}, so it would be the same for every port',
  });

function parseRegExp(source: string): RegExp | undefined {
  try {
    return new RegExp(source, 'm');
  } catch {
    return undefined;
  }
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 && Number.isSafeInteger(value) ? value : undefined;
}

const quotaShape = {
  boards: integer(0, 10_000).optional(),
  waiting: integer(0, 10_000).optional(),
  lease: duration.optional(),
};
const priority = integer(-1000, 1000, 'a priority');

export const roleSchema = block({
  name,
  admin: z.boolean().default(false),
  priority: priority.default(0),
  together: integer(0, 10_000).optional(),
  ...quotaShape,
});

export const userSchema = block({
  // The lab's own name in the log of events.
  name: userName.refine(value => value !== 'system', { error: 'system is the lab itself' }),
  keys: list(z.string()),
  role: name.optional(),
  priority: priority.optional(),
  ...quotaShape,
});

const pattern = parsed(parseRegExp, 'this is not a regular expression');

const healthSchema = block({
  expect: pattern,
  within: duration.default(60_000),
  every: duration.optional(),
  after_claims: integer(1, 1_000_000).optional(),
});

const megabyte = 1024 ** 2;

function sizeOfAtLeast(least: number) {
  return size.refine(bytes => bytes >= least, {
    error: `this is less than ${least / megabyte}M, with which no jail works`,
  });
}

/** What one jail may use of the lab host. */
const memoryLimit = sizeOfAtLeast(64 * megabyte);
const processLimit = integer(64, 1_000_000);
const cpuLimit = z
  .number()
  .min(0.1, { error: 'this is less than 0.1 cores' })
  .max(1024, { error: 'this is more than 1024 cores' });
const ioLimit = sizeOfAtLeast(megabyte);

export const classSchema = block({
  name,
  description: z
    .string()
    .regex(/^\P{Cc}*$/u, { error: 'a description is one line' })
    .default(''),
  architecture: z.enum(['arm64', 'amd64']),
  lease: duration.default(4 * 3_600_000),
  max_lease: duration.optional(),
  extend_while_waiting: z.boolean().default(true),
  health: healthSchema.optional(),
  boot: name.optional(),
  setup: name.optional(),
  setup_timeout: duration.default(60_000),
  off_time: duration.default(1000),
  nested_namespaces: z.boolean().default(false),
  limits: block({
    memory: memoryLimit.optional(),
    processes: processLimit.optional(),
    cpu: cpuLimit.optional(),
    io: ioLimit.optional(),
  }).prefault({}),
});

const snmpSchema = z.discriminatedUnion('version', [
  block({ version: z.literal('2c'), secret: name }),
  block({
    version: z.literal(3),
    user: text(/^[\x21-\x7e]{1,32}$/, 'an SNMPv3 user name has 1 to 32 visible characters (RFC 3414)'),
    secret: name,
  }),
]);

const poeSchema = block({
  admin_oid: oid.default('1.3.6.1.2.1.105.1.1.1.3.{group}.{port}'),
  group: integer(0, 0x7fff_ffff).default(1),
  on: integer(-0x8000_0000, 0x7fff_ffff).default(1),
  off: integer(-0x8000_0000, 0x7fff_ffff).default(2),
  settle: duration.default(5000),
});

export const switchSchema = block({
  name,
  host,
  udp_port: integer(1, 65_535).default(161),
  snmp: snmpSchema,
  poe: poeSchema.prefault({}),
  check_vlan: z.boolean().default(true),
});

export const boardSchema = block({
  handle,
  class: name,
  mac: text(
    /^[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}$/,
    'a MAC address is six bytes such as 52:54:00:00:01:65, the first of them even',
  ).transform(mac => mac.toLowerCase()),
  labels: z.array(label).default([]),
  vlan: integer(2, 4094, "a board's VLAN"),
  power: block({ switch: name, port: integer(1, 65_535) }),
  serial: block({
    path: text(/^\/\P{Cc}{1,255}$/u, 'the path of a serial line begins with /'),
    baud: integer(50, 4_000_000).default(115_200),
  }),
  subnet: subnet.optional(),
});

const trunkSchema = z.discriminatedUnion('via', [
  block({ via: z.literal('vlan'), interface: networkInterface }),
  block({ via: z.literal('openvswitch'), bridge: networkInterface }),
]);

const reservationsSchema = block({
  hold_grace: duration.default(60_000),
  warn: duration.default(10 * 60_000),
  outage_grace: duration.default(5 * 60_000),
  history: duration.default(400 * 86_400_000),
});

const virtualSchema = block({
  switch: name,
  ports: integer(2, 4094),
  board_memory: integer(128, 65_536).default(512),
});

export const labSchema = block({
  name,
  roles: z.array(roleSchema).default([]),
  users: z.array(userSchema),
  classes: list(classSchema),
  switches: z.array(switchSchema),
  boards: z.array(boardSchema),
  trunk: trunkSchema,
  networks: block({ boards: subnet, jails: subnet, ipv6: subnet6.optional() }),
  jails: block({
    uplink: networkInterface,
    nameservers: list(address),
    nfs_size: size.default(2 * 1024 ** 3),
    root_size: sizeOfAtLeast(32 * megabyte).default(4 * 1024 ** 3),
    allow_without: z.array(z.enum(['memory-limit', 'process-limit', 'cpu-limit', 'io-limit'])).default([]),
    limits: block({
      memory: memoryLimit.default(512 * megabyte),
      processes: processLimit.default(512),
      cpu: cpuLimit.default(1),
      io: ioLimit.default(100 * megabyte),
    }).prefault({}),
    deny: z.array(anySubnet).default(privateNetworks),
    masquerade: z.array(z.enum(['ipv4', 'ipv6'])).default(['ipv4', 'ipv6']),
  }),
  reservations: reservationsSchema.prefault({}),
  virtual: virtualSchema.optional(),
});

export type LabDocument = z.infer<typeof labSchema>;

const secretText = z.string().min(1, { error: 'this is empty' });

const snmpPassword = z
  .string()
  .min(8, { error: 'SNMPv3 passwords have at least 8 characters (RFC 3414 section 11.2)' });

/** secrets.yaml has entries of either form, by name. */
export const communitySchema = block({ community: secretText });
export const passwordsSchema = block({ auth_password: snmpPassword, priv_password: snmpPassword });
