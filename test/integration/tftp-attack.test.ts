import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JaildHost, startJaildHost } from './jaild-host.ts';

/** A board that asks for files over TFTP which are not for it. */
const labYaml = readFileSync(join(import.meta.dirname, '../../lab.yaml'), 'utf8').replace(
  '52:54:00:00:01:65',
  '52:54:00:00:01:01',
);
const own = {
  handle: 'rockpro64-1',
  user: 'alice',
  jail: '10.77.0.101',
  gateway: '10.96.101.1',
  place: 'board1',
} as const;

let host: JaildHost;
beforeAll(async () => {
  host = await startJaildHost(labYaml);
  await host.startJaild();
  const { events } = await host.build(own.handle, { epoch: 1, user: own.user, expiresAtMs: Date.UTC(2031, 4, 4) });
  expect(events.at(-1)).toEqual({ event: 'done' });
  await host.at(own.place, 'ip', 'address', 'replace', '10.96.101.100/24', 'dev', 'eth0');
});
afterAll(() => host?.stop());

test('TFTP serves its root only', async () => {
  const { user, jail, gateway, place } = own;
  const fetchFile = (path: string) =>
    host.at(place, 'curl', '-sS', '-m', '4', '--path-as-is', `tftp://${gateway}/${path}`);
  await host.ssh(
    user,
    jail,
    'cd /srv/tftp && mkdir -p folder && echo inside >folder/file && ln -s folder/file link && ln -s /etc/shadow shadow',
  );
  for (const path of ['folder/file', 'link', '/srv/tftp/folder/file']) {
    expect({ path, stdout: (await fetchFile(path)).stdout }).toEqual({ path, stdout: 'inside\n' });
  }
  for (const path of [
    '../../etc/hostname',
    'folder/../../../etc/hostname',
    '/etc/hostname',
    '//etc/hostname',
    '/srv/tftp/../../etc/hostname',
    '..%2f..%2fetc%2fhostname',
    '/proc/self/environ',
    'shadow',
  ]) {
    expect({ path, ...(await fetchFile(path)) }).toMatchObject({ path, code: expect.any(Number), stdout: '' });
    expect((await fetchFile(path)).code).not.toBe(0);
  }
}, 90_000);
