import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { BoardList } from '../../src/api/messages.ts';
import { type LabUnderTest, startLab, tracesOfJails } from './lab-under-test.ts';

let lab: LabUnderTest;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab?.stop());

const pvidOf = (port: number) => `1.3.6.1.2.1.17.7.1.4.5.1.1.${port}`;

/** Moves a port as an admin at the switch would, with the real snmpset. */
async function setPvid(port: number, vlan: number) {
  const secrets = parse(readFileSync(lab.host.outside('/etc/labcli/secrets.yaml'), 'utf8'));
  const { auth_password, priv_password } = secrets.poe1 as { auth_password: string; priv_password: string };
  const security = ['-v3', '-l', 'authPriv', '-u', 'labcli', '-a', 'SHA-256', '-A', auth_password];
  const privacy = ['-x', 'AES', '-X', priv_password];
  const outcome = await lab.inside('snmpset', ...security, ...privacy, '192.0.2.10', pvidOf(port), 'u', String(vlan));
  expect(outcome).toMatchObject({ code: 0 });
}

const states = async () => (await lab.json<BoardList>('alice', 'status')).boards.map(({ state }) => state);

test('a board whose port is on another wire is not handed out, and nothing is left of the attempt', async () => {
  await setPvid(1, 102);
  const { code, stderr } = await lab.ssh('labhost', 'labcli', 'claim', 'rockpro64');
  expect(code).toBe(6);
  expect(stderr).toMatch(/rockpro64-1 is not on its own wire: .* port 1 in VLAN 102, not 101/);
  expect(await states()).toEqual(['free', 'free']);
  expect(await tracesOfJails(lab)).toBe('');
  await setPvid(1, 101);
});

test('a switch that does not answer is a device failure, and holds up nothing else', async () => {
  expect((await lab.ssh('labhost', 'labcli', 'claim', 'rockpro64')).code).toBe(0);
  await lab.inside('sv', 'down', '/run/service/vlab');
  const failing = lab.ssh('labhost', 'labcli', 'power', 'on');
  expect((await lab.ssh('labhost', 'labcli', 'status')).code).toBe(0);
  const { code, stderr } = await failing;
  expect(code).toBe(6);
  expect(stderr).toContain('poe1');
});

test('a release that cannot switch the board off says so, quarantines it, and can be done later', async () => {
  const failed = await lab.ssh('labhost', 'labcli', 'release');
  expect(failed.code).toBe(6);
  expect(await states()).toContain('quarantined');
  await lab.inside('sv', 'up', '/run/service/vlab');
  await lab.inside('sh', '-c', 'until [ -e /run/vlab/pid ]; do sleep 0.05; done');
  expect((await lab.ssh('labhost', 'labcli', 'release')).code).toBe(0);
  expect(await states()).toEqual(['free', 'free']);
  expect(await tracesOfJails(lab)).toBe('');
}, 60_000);
