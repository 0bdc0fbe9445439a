import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LabError } from '../lab/error.ts';
import type { PoeSwitch } from './lab-config.ts';
import { loadSecrets } from './load-secrets.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'labcli-secrets-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const poe = { adminOid: '1.{port}', group: 1, onValue: 1, offValue: 2, settleMs: 1 };
const switches: PoeSwitch[] = [
  { name: 'old', host: '192.0.2.1', udpPort: 161, checkVlan: true, snmp: { version: '2c', secret: 'a' }, poe },
  {
    name: 'new',
    host: '192.0.2.2',
    udpPort: 161,
    checkVlan: true,
    snmp: { version: '3', user: 'u', secret: 'b' },
    poe,
  },
];

function load(content: string) {
  const path = join(directory, 'secrets.yaml');
  writeFileSync(path, content);
  return loadSecrets(path, switches);
}

test('both forms are read', () => {
  const secrets = load('a: { community: hidden }\nb: { auth_password: hidden-1, priv_password: hidden-2 }\n');
  expect([...secrets]).toEqual([
    ['a', { community: 'hidden' }],
    ['b', { authPassword: 'hidden-1', privPassword: 'hidden-2' }],
  ]);
});

test.each([
  ['a: { community: hidden }\n', 'secrets.yaml:1:1: b is missing: switch new needs it'],
  [
    'b: { community: hidden }\na: { community: hidden }\n',
    'secrets.yaml:1:4: b: switch new speaks SNMP version 3, which needs auth_password and priv_password',
  ],
  [
    'a: { comunity: hidden }',
    'secrets.yaml:1:6: a.comunity: unknown key; the keys here are auth_password, priv_password',
  ],
  [
    'b: { auth_password: hidden, priv_password: hidden-2 }',
    'secrets.yaml:1:21: b.auth_password: SNMPv3 passwords have at least 8 characters (RFC 3414 section 11.2)',
  ],
  ['a: { community: 12345 }', 'secrets.yaml:1:17: a.community: expected text, but this is a number'],
  ['a: *hidden', 'secrets.yaml:1:4: this alias has no anchor before it'],
  ['a: hidden', 'secrets.yaml:1:4: a: expected a block of keys, but this is text'],
  ['hidden', 'secrets.yaml:1:1: expected a block of names, each with its secret'],
])('%j is wrong, and the secret is not in the message', (content, mistake) => {
  let error: unknown;
  try {
    load(content);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(LabError);
  const { message } = error as LabError;
  expect(message.split('\n')).toContain(mistake);
  expect(message).not.toMatch(/hidden|12345/);
});
