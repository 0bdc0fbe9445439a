import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LabError } from '../lab/error.ts';
import { loadConfig } from './load-config.ts';

export const alice = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHD8CXieRbkDUHGP98Vpyy3rRycLumL22CBnX63PCnyS';
export const bob = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g';

export const good = `name: test
users:
  - name: alice
    keys: [./alice.pub]
  - name: bob
    keys:
      - ${bob} bob@desk
classes:
  - name: rockpro64
    description: a board
    architecture: arm64
    lease: 4h
    off_time: 1s
switches:
  - name: poe1
    host: 192.0.2.10
    snmp: { version: 3, user: labcli, secret: poe1 }
boards:
  - handle: board-1
    class: rockpro64
    mac: 52:54:00:00:01:65
    vlan: 101
    power: { switch: poe1, port: 1 }
    serial: { path: /dev/ttyUSB0, baud: 115200 }
  - handle: board-2
    class: rockpro64
    mac: 52:54:00:00:01:66
    vlan: 102
    power: { switch: poe1, port: 2 }
    serial: { path: /dev/ttyUSB1, baud: 115200 }
trunk: { via: openvswitch, bridge: br-trunk }
networks:
  boards: 10.96.0.0/12
  jails: 10.77.0.0/16
jails:
  uplink: wan0
  nameservers: [198.51.100.1]
  nfs_size: 2G
virtual:
  switch: poe1
  ports: 8
`;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'labcli-config-'));
  writeFileSync(join(directory, 'alice.pub'), `# desk\n${alice} alice@desk\n`);
  writeFileSync(join(directory, 'empty.pub'), '\n');
});
afterAll(() => rmSync(directory, { recursive: true }));

export function load(content: string | Uint8Array) {
  const path = join(directory, 'lab.yaml');
  writeFileSync(path, content);
  return loadConfig(path);
}

export function mistakesOf(content: string | Uint8Array): string {
  try {
    load(content);
  } catch (error) {
    if (error instanceof LabError && error.code === 'usage') return error.message;
    throw error;
  }
  return 'no mistake';
}

/** The good file with `from` (which it must have) replaced. */
export function changed(...changes: readonly (readonly [from: string, to: string])[]): string {
  return changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the good file has no ${from}`);
    return text.replace(from, () => to);
  }, good);
}
