import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { stringify } from 'yaml';
import type { Board } from '../lab/board.ts';
import { loadConfig } from './load-config.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'labcli-numbers-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function loadBoards(vlans: readonly number[]): readonly Board[] {
  const lab = {
    name: 'test',
    users: [],
    classes: [{ name: 'pc', architecture: 'amd64' }],
    switches: [{ name: 'poe1', host: '192.0.2.1', snmp: { version: '2c', secret: 'poe1' } }],
    boards: vlans.map(vlan => ({
      handle: `board-${vlan}`,
      class: 'pc',
      mac: `52:54:00:00:${(vlan >> 8).toString(16).padStart(2, '0')}:${(vlan & 255).toString(16).padStart(2, '0')}`,
      vlan,
      power: { switch: 'poe1', port: vlan },
      serial: { path: `/dev/tty${vlan}` },
    })),
    trunk: { via: 'vlan', interface: 'eth1' },
    networks: { boards: '10.96.0.0/12', jails: '10.77.0.0/16', ipv6: 'fd5c:1ab0:1::/48' },
    jails: { uplink: 'eth0', nameservers: ['192.0.2.53'] },
  };
  const path = join(directory, 'lab.yaml');
  writeFileSync(path, stringify(lab));
  return loadConfig(path).boards;
}

test('adding, removing and moving boards never changes the numbers of another', () => {
  const vlans = fc.uniqueArray(fc.integer({ min: 2, max: 4094 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(vlans, vlans, (some, others) => {
      const before = loadBoards(some);
      const after = loadBoards([...new Set([...others, ...some.toReversed()])]);
      for (const board of before) expect(after.find(({ handle }) => handle === board.handle)).toEqual(board);
    }),
    { numRuns: 50 },
  );
});

test('no two boards share an address or a uid, and uids are clear of other ranges', () => {
  const boards = loadBoards(Array.from({ length: 4093 }, (_, index) => index + 2));
  const addresses = boards.flatMap(({ network }) => [network.jailAddress, network.gateway, network.boardAddress]);
  expect(new Set(addresses).size).toBe(3 * 4093);
  const addresses6 = boards.flatMap(({ network }) => {
    const { jailAddress, gateway, boardAddress } = network.ipv6 ?? { jailAddress: '', gateway: '', boardAddress: '' };
    return [jailAddress, gateway, boardAddress];
  });
  expect(new Set(addresses6).size).toBe(3 * 4093);
  expect(boards.find(({ vlan }) => vlan === 4094)?.network.ipv6?.subnet).toBe('fd5c:1ab0:1:4094::');
  const bases = boards.map(({ uidBase }) => uidBase).sort((a, b) => a - b);
  for (const [index, base] of bases.entries()) expect(base).toBe(0x7000_0000 + index * 65_536);
  // systemd's foreign ids begin at 0x7ffe0000.
  expect((bases.at(-1) ?? 0) + 65_536).toBeLessThanOrEqual(0x7ffe_0000);
});
