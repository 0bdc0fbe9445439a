import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import snmpClient from 'net-snmp';
import { prepareSnmpTools, type SnmpIdentity, type SnmpTools } from './snmp-tools.ts';
import { credentials } from './switch-bench.ts';

const powerOf = (port: number) => `1.3.6.1.2.1.105.1.1.1.3.1.${port}`;
const detectionOf = (port: number) => `1.3.6.1.2.1.105.1.1.1.6.1.${port}`;
const pvidOf = (port: number) => `1.3.6.1.2.1.17.7.1.4.5.1.1.${port}`;
const vlanColumn = (column: number, vlan: number) => `1.3.6.1.2.1.17.7.1.4.3.1.${column}.${vlan}`;
const [name, egress, untagged, rowStatus] = [1, 2, 4, 5].map(column => (vlan: number) => vlanColumn(column, vlan)) as [
  (vlan: number) => string,
  (vlan: number) => string,
  (vlan: number) => string,
  (vlan: number) => string,
];

async function startSwitch(version: '2c' | '3'): Promise<{ readonly child: ChildProcess; readonly target: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'serve-switch-bench.ts'), version], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [port] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return { child, target: `127.0.0.1:${port.toString().trim()}` };
}

const { user, authPassword, privPassword, community, readOnlyCommunity } = credentials;
const writers: Record<'2c' | '3', SnmpIdentity> = {
  '2c': { community },
  '3': { user, authPassword, privPassword },
};

describe.each(['2c', '3'] as const)('the switch, asked with version %s', version => {
  let child: ChildProcess;
  let target: string;
  let snmp: SnmpTools;
  beforeEach(async () => {
    ({ child, target } = await startSwitch(version));
    snmp = prepareSnmpTools(writers[version], target);
  });
  afterEach(async () => {
    snmp.close();
    const ended = once(child, 'exit');
    child.stdin?.end();
    await ended;
  });

  test('is walked from end to end, and in bulk just the same', () => {
    const walkWith = (program: 'snmpwalk' | 'snmpbulkwalk', ...options: readonly string[]) =>
      snmp(program, ...options, '1')
        .split('\n')
        .filter(line => !line.includes('No more variables'));
    const walk = walkWith('snmpwalk');
    const oids = walk.map(line => line.split(' = ')[0]);
    expect(new Set(oids).size).toBe(oids.length);
    expect(walk.length).toBeGreaterThan(50);
    for (const repetitions of [1, 7, 10, 100]) {
      expect(walkWith('snmpbulkwalk', `-Cr${repetitions}`)).toEqual(walk);
    }
  });

  test('maps ports to interfaces, which have numbers of their own', () => {
    expect(snmp('snmpget', '1.3.6.1.2.1.17.1.4.1.2.1', '1.3.6.1.2.1.2.2.1.1.1001', '1.3.6.1.2.1.2.1.0')).toBe(
      '.1.3.6.1.2.1.17.1.4.1.2.1 = INTEGER: 1001\n.1.3.6.1.2.1.2.2.1.1.1001 = INTEGER: 1001\n.1.3.6.1.2.1.2.1.0 = INTEGER: 4',
    );
    expect(snmp('snmpgetnext', '1.3.6.1.2.1.17.1.4.1.2')).toBe('.1.3.6.1.2.1.17.1.4.1.2.1 = INTEGER: 1001');
    expect(snmp('snmpget', '1.3.6.1.2.1.17.1.4.1.2.99')).toContain('No Such Instance');
  });

  test('counts in GETBULK', () => {
    const answer = snmp('snmpbulkget', '-Cn1', '-Cr2', '1.3.6.1.2.1.1.1', pvidOf(1), detectionOf(1)).split('\n');
    expect(answer.map(line => line.split(' = ')[0])).toEqual([
      '.1.3.6.1.2.1.1.1.0',
      `.${pvidOf(2)}`,
      `.${detectionOf(2)}`,
      `.${pvidOf(3)}`,
      `.${detectionOf(3)}`,
    ]);
  });

  test('switches power, and its detection status follows', () => {
    const state = () => snmp('snmpget', '-Oqv', powerOf(1), detectionOf(1), detectionOf(2)).split('\n');
    expect(state()).toEqual(['2', '1', '1']);
    expect(snmp('snmpset', powerOf(1), 'i', '1', powerOf(2), 'i', '1')).not.toContain('Error');
    // Nothing is plugged into port 2.
    expect(state()).toEqual(['1', '3', '2']);
    expect(snmp('snmpset', powerOf(1), 'i', '2')).not.toContain('Error');
    expect(state()).toEqual(['2', '1', '2']);
  });

  test('creates a VLAN with its name, moves a port into it, and shows both in the port lists as bits', () => {
    expect(snmp('snmpset', rowStatus(300), 'i', '4', name(300), 's', 'blue')).not.toContain('Error');
    expect(snmp('snmpset', pvidOf(1), 'u', '300')).not.toContain('Error');
    expect(
      snmp('snmpget', '-Oqv', '-Ox', egress(300), untagged(300))
        .split('\n')
        .map(text => text.trim()),
    ).toEqual(['"90 "', '"80 "']);
    expect(snmp('snmpget', '-Oqv', name(300))).toBe('"blue"');
    expect(snmp('snmpset', rowStatus(300), 'i', '6')).toContain('inconsistentValue');
    expect(snmp('snmpset', pvidOf(1), 'u', '101')).not.toContain('Error');
    expect(snmp('snmpset', rowStatus(300), 'i', '6')).not.toContain('Error');
    expect(snmp('snmpget', rowStatus(300))).toContain('No Such Instance');
  });

  test.each([
    ['a value that is no truth value', [powerOf(1), 'i', '3'], 'wrongValue'],
    ['text for a number', [powerOf(1), 's', '1'], 'wrongType'],
    ['a port that is not there', [powerOf(99), 'i', '1'], 'noCreation'],
    ['what can only be read', [detectionOf(1), 'i', '3'], 'notWritable'],
    ['what is not there at all', ['1.3.6.1.4.1.9.1.0', 'i', '1'], 'notWritable'],
    ['a VLAN that is not there', [pvidOf(1), 'u', '300'], 'inconsistentValue'],
    ['a number that no VLAN has', [pvidOf(1), 'u', '4095'], 'wrongValue'],
    ['the VLAN of the trunk', [pvidOf(4), 'u', '101'], 'inconsistentValue'],
    ['a name that is too long', [name(101), 's', 'x'.repeat(33)], 'wrongLength'],
    ['a name of a VLAN that is not there', [name(300), 's', 'blue'], 'inconsistentName'],
    ['a VLAN that is there already', [rowStatus(101), 'i', '4'], 'inconsistentValue'],
  ])('refuses %s, names the place, and does nothing of the request', (_what, refused, error) => {
    const answer = snmp('snmpset', powerOf(2), 'i', '1', ...refused);
    expect(answer).toContain(`Reason: ${error}`);
    expect(answer).toContain(`Failed object: .${refused[0]}`);
    expect(snmp('snmpget', '-Oqv', powerOf(2))).toBe('2');
  });

  test('who is not known gets no answer', () => {
    const strangers: readonly SnmpIdentity[] = [
      { community: 'public' },
      { user, authPassword: 'not-the-password', privPassword },
      { user: 'mallory', authPassword, privPassword },
    ];
    for (const stranger of strangers) {
      const theirs = prepareSnmpTools(stranger, target);
      expect(theirs('snmpget', '-t1', '-r0', '1.3.6.1.2.1.1.1.0')).not.toContain('virtual PoE switch');
      theirs.close();
    }
  });
});

test('a community that may only read cannot write, nor create', async () => {
  const { child, target } = await startSwitch('2c');
  const snmp = prepareSnmpTools({ community: readOnlyCommunity }, target);
  expect(snmp('snmpget', '-Oqv', powerOf(1))).toBe('2');
  expect(snmp('snmpset', powerOf(1), 'i', '1')).toContain('Reason: noAccess');
  expect(snmp('snmpset', rowStatus(300), 'i', '4')).toContain('Reason: noAccess');
  expect(snmp('snmpget', '-Oqv', powerOf(1))).toBe('2');
  expect(snmp('snmpget', rowStatus(300))).toContain('No Such Instance');
  snmp.close();
  child.stdin?.end();
  await once(child, 'exit');
});

test('a stranger without a name, which version 3 allows, gets no answer', async () => {
  const { child, target } = await startSwitch('3');
  const [host = '', port] = target.split(':');
  const nobody = { name: '', level: snmpClient.SecurityLevel.noAuthNoPriv };
  const session = snmpClient.createV3Session(host, nobody, {
    port: Number(port),
    version: snmpClient.Version3,
    timeout: 500,
    retries: 0,
  });
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  session.get(['1.3.6.1.2.1.1.1.0'], (error, varbinds) => resolve(error ? error.name : String(varbinds?.[0]?.value)));
  expect(await promise).toBe('RequestTimedOutError');
  session.close();
  child.stdin?.end();
  await once(child, 'exit');
});
