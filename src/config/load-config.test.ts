import { alice, bob, changed, good, load, mistakesOf } from './lab-under-test.ts';
import { loadConfig } from './load-config.ts';

test('the good file loads, with defaults and computed numbers', () => {
  const config = load(good);
  expect(config.users).toEqual([
    { name: 'alice', keys: [alice], quota: {} },
    { name: 'bob', keys: [bob], quota: {} },
  ]);
  expect(config.classes[0]).toMatchObject({ leaseMs: 14_400_000, offTimeMs: 1000 });
  expect(config.switches[0]).toMatchObject({
    udpPort: 161,
    poe: { group: 1, onValue: 1, offValue: 2, settleMs: 5000 },
  });
  expect(config.jails.nfsBytes).toBe(2_147_483_648);
  expect(config.boards[1]).toEqual({
    handle: 'board-2',
    class: 'rockpro64',
    architecture: 'arm64',
    labels: [],
    mac: '52:54:00:00:01:66',
    vlan: 102,
    poePort: { switch: 'poe1', port: 2 },
    serial: { path: '/dev/ttyUSB1', baudRate: 115200 },
    network: {
      jailAddress: '10.77.0.102',
      gateway: '10.96.102.1',
      subnet: '10.96.102.0',
      prefixLength: 24,
      boardAddress: '10.96.102.100',
    },
    uidBase: 0x7064_0000,
  });
});

test.each<[what: string, from: string, to: string, mistake: string]>([
  ['unknown key', 'lease: 4h', 'leese: 4h', '12:5: classes[0].leese: unknown key; did you mean lease?'],
  ['unknown key at the top', 'name: test', 'name: test\nbords: []', '2:1: bords: unknown key; did you mean boards?'],
  [
    'unknown key like no other',
    'off_time: 1s',
    'colour: red',
    '13:5: classes[0].colour: unknown key; the keys here are name, description, architecture, lease, max_lease, extend_while_waiting, health, boot, setup, setup_timeout, ' +
      'off_time, nested_namespaces, limits',
  ],
  ['missing key', '    mac: 52:54:00:00:01:65\n', '', '19:5: boards[0].mac: this is missing'],
  ['text for a number', 'vlan: 101', 'vlan: many', '22:11: boards[0].vlan: expected a number, but this is text'],
  ['nothing', 'vlan: 101', 'vlan:', '22:10: boards[0].vlan: expected a number, but this is empty'],
  ['number for text', 'name: test', 'name: 5', '1:7: name: expected text, but this is a number'],
  ['text for a list', '[198.51.100.1]', '198.51.100.1', '37:16: jails.nameservers: expected a list, but this is text'],
  ['empty list', '[198.51.100.1]', '[]', '37:16: jails.nameservers: at least one is needed'],
  ['VLAN 1', 'vlan: 101', 'vlan: 1', "22:11: boards[0].vlan: a board's VLAN is a whole number from 2 to 4094"],
  ['VLAN 4095', 'vlan: 101', 'vlan: 4095', "22:11: boards[0].vlan: a board's VLAN is a whole number from 2 to 4094"],
  ['VLAN 10.5', 'vlan: 101', 'vlan: 10.5', '22:11: boards[0].vlan: expected a whole number, but this is a fraction'],
  ['VLAN twice', 'vlan: 102', 'vlan: 101', '28:11: boards[1].vlan: 101 is already used by boards[0]'],
  ['handle twice', 'board-2', 'board-1', '25:13: boards[1].handle: board-1 is already used by boards[0]'],
  ['MAC twice', '01:66', '01:65', '27:10: boards[1].mac: 52:54:00:00:01:65 is already used by boards[0]'],
  ['port twice', 'port: 2', 'port: 1', '29:34: boards[1].power.port: poe1 port 1 is already used by boards[0]'],
  ['serial line twice', 'USB1', 'USB0', '30:21: boards[1].serial.path: /dev/ttyUSB0 is already used by boards[0]'],
  ['user twice', 'name: bob', 'name: alice', '5:11: users[1].name: alice is already used by users[0]'],
  ['key twice', bob, alice, '7:9: users[1].keys[0]: this key is already used by users[0].keys[0]'],
  [
    'unknown class',
    'class: rockpro64',
    'class: rockpro46',
    '20:12: boards[0].class: there is no class rockpro46; did you mean rockpro64?',
  ],
  ['unknown switch', '{ switch: poe1', '{ switch: core', '23:22: boards[0].power.switch: there is no switch core'],
  [
    'bad MAC',
    '52:54:00:00:01:65',
    '53:54:00:00:01:65',
    '21:10: boards[0].mac: a MAC address is six bytes such as 52:54:00:00:01:65, the first of them even',
  ],
  [
    'bad handle',
    'board-1',
    'Board_1',
    '19:13: boards[0].handle: a handle is a host name: small letters, digits and - inside, at most 40',
  ],
  [
    'user name with a quote',
    'name: alice',
    `name: 'a" b'`,
    '3:11: users[0].name: a user name begins with a small letter and goes on with small letters, digits, `.`, `_` and `-` (at most 32)',
  ],
  ['missing key file', './alice.pub', './eve.pub', '4:12: users[0].keys[0]: there is no such file'],
  ['empty key file', './alice.pub', './empty.pub', '4:12: users[0].keys[0]: the file has no key in it'],
  [
    'key with options',
    bob,
    `command="id" ${bob}`,
    '7:9: users[1].keys[0]: "command="id"" is not allowed before a key: no options',
  ],
  [
    'duration',
    '4h',
    '4 hours',
    '12:12: classes[0].lease: a duration is a number and a unit, such as 1s, 30m, 4h or 7d',
  ],
  ['no duration', '4h', '0s', '12:12: classes[0].lease: a duration is a number and a unit, such as 1s, 30m, 4h or 7d'],
  ['size', '2G', '2 GB', '38:13: jails.nfs_size: a size is a number and a unit, such as 512M or 2G'],
  [
    'network',
    '10.77.0.0/16',
    '10.77/16',
    '34:10: networks.jails: "10.77/16" is not an IPv4 network such as 10.96.0.0/12',
  ],
  [
    'network with host bits',
    '10.96.0.0/12',
    '10.100.0.0/12',
    '33:11: networks.boards: 10.100.0.0/12 is not the first address of its network; did you mean 10.96.0.0/12?',
  ],
  ['overlap', '10.77.0.0/16', '10.97.0.0/16', '34:10: networks.jails: 10.97.0.0/16 overlaps with networks.boards'],
  [
    'multicast',
    '10.77.0.0/16',
    '224.0.0.0/16',
    '34:10: networks.jails: 224.0.0.0/16 is not a network for hosts (RFC 6890)',
  ],
  [
    "a board's own network in the pool",
    'port: 2 }',
    'port: 2 }\n    subnet: 10.77.8.0/24',
    '30:13: boards[1].subnet: 10.77.8.0/24 overlaps with networks.jails',
  ],
  [
    'port that is the trunk',
    'port: 2',
    'port: 8',
    '29:34: boards[1].power.port: port 8 of the virtual switch is the trunk to the lab host',
  ],
  ['port that is not there', 'port: 2', 'port: 9', '29:34: boards[1].power.port: the virtual switch has 8 ports'],
  ['trunk of another kind', 'via: openvswitch', 'via: bridge', '31:15: trunk.via: this must be vlan or openvswitch'],
  ['SNMP version', 'version: 3', 'version: 1', '17:22: switches[0].snmp.version: this must be 2c or 3'],
  [
    'key of another version',
    'version: 3',
    'version: 2c',
    '17:26: switches[0].snmp.user: unknown key; the keys here are version, secret',
  ],
  ['YAML key twice', 'name: test', 'name: test\nname: again', '2:1: this key was already given'],
  [
    'YAML indentation',
    '    vlan: 101',
    '   vlan: 101',
    '22:1: a colon, comma, bracket or quote is missing here, or the indentation is wrong',
  ],
  ['alias of nothing', 'name: test', 'name: *x', '1:7: this alias has no anchor before it'],
  [
    'a second document',
    'name: test',
    'name: test\n---\nname: again',
    '2:1: a second document begins here; only one is read',
  ],
])('%s', (_what, from, to, mistake) => {
  expect(mistakesOf(changed([from, to])).split('\n')).toContain(`lab.yaml:${mistake}`);
});

test('all mistakes are told at once, in the order of their places', () => {
  const content = changed(
    ['vlan: 102', 'vlan: 101'],
    ['lease: 4h', 'lease: soon'],
    ['10.77.0.0/16', 'x'],
    ['./alice.pub', './eve.pub'],
  );
  expect(mistakesOf(content).replace(/: .*/g, '').split('\n')).toEqual([
    'lab.yaml:4:12',
    'lab.yaml:12:12',
    'lab.yaml:28:11',
    'lab.yaml:34:10',
  ]);
});

test.each<[what: string, content: string | Uint8Array, mistake: string]>([
  ['empty', '', 'lab.yaml:1:1: the file is empty'],
  ['only a comment', '# lab\n', 'lab.yaml:1:1: the file is empty'],
  ['not UTF-8', Uint8Array.of(0x6e, 0xff, 0x0a), 'lab.yaml:1:1: the file is not UTF-8 text'],
  ['not a mapping', '- a\n', 'lab.yaml:1:1: expected a block of keys, but this is a list'],
])('a file that is %s', (_what, content, mistake) => {
  expect(mistakesOf(content)).toBe(mistake);
});

test('a file that is nested too deeply is not YAML', () => {
  expect(mistakesOf('['.repeat(100_000))).toMatch(/^lab\.yaml:1:\d+: [^\n]*$/);
});

test('aliases that multiply are refused', () => {
  const levels = Array.from({ length: 9 }, (_, level) => `a${level + 1}: &a${level + 1} [${`*a${level},`.repeat(9)}]`);
  expect(mistakesOf(`a0: &a0 [x]\n${levels.join('\n')}\n`)).toBe(
    'lab.yaml:1:1: the file uses its aliases far too often',
  );
});

test('a pool that is too small for a VLAN is told at the board', () => {
  expect(mistakesOf(changed(['10.96.0.0/12', '10.96.0.0/18'], ['10.77.0.0/16', '10.77.0.0/25']))).toBe(
    [
      'lab.yaml:22:11: boards[0].vlan: networks.boards has only 64 networks of 256 addresses, too few for VLAN 101',
      'lab.yaml:28:11: boards[1].vlan: networks.boards has only 64 networks of 256 addresses, too few for VLAN 102',
    ].join('\n'),
  );
});

test('a file that is not there is told by its path', () => {
  expect(() => loadConfig('/nowhere/lab.yaml')).toThrow('/nowhere/lab.yaml cannot be read: there is no such file');
});
