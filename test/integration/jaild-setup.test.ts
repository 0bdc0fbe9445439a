import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JailEvent } from '../../src/api/jail-messages.ts';
import { type JaildHost, startJaildHost } from './jaild-host.ts';

/** What the admin lets happen once in each fresh jail of a class. */
const board = 'rockpro64-1';
const address = '10.77.0.101';
const claim = { epoch: 1, user: 'alice', expiresAtMs: Date.UTC(2031, 4, 4) };
const labYaml = readFileSync(join(import.meta.dirname, '../../lab.yaml'), 'utf8')
  .replace('# setup: rockpro64', 'setup: tried')
  .replace('# setup_timeout: 60s', 'setup_timeout: 2s');

let host: JaildHost;
let epoch = 0;
beforeAll(async () => {
  host = await startJaildHost(labYaml);
  // The programs are shared by all lab hosts of this checkout: this one has scripts of its own.
  await host.inside('mount', '-t', 'tmpfs', 'tmpfs', '/opt/labcli/jails/setup');
  await writeScript('true');
  await host.startJaild();
});
beforeEach(() => {
  epoch += 1;
});
afterEach(async () => {
  await host.remove(board, epoch);
});
afterAll(() => host?.stop());

async function writeScript(body: string): Promise<void> {
  const path = '/opt/labcli/jails/setup/tried';
  await host.inside('sh', '-c', 'printf "#!/bin/sh\\n%s\\n" "$1" >"$2"; chmod 755 "$2"', 'sh', body, path);
}

const build = async () => (await host.build(board, { ...claim, epoch })).events.at(-1);
const inJail = async (command: string) => (await host.ssh('alice', address, command)).stdout;
const errorOf = (event: JailEvent | undefined) => (event?.event === 'error' ? event.error : undefined);

test('the script runs as root of the jail when all is ready, with the powers and limits of the jail', async () => {
  await writeScript(
    'exec >/root/told; id -u; pwd; hostname; ping -c 1 -W 2 198.51.100.1 >/dev/null && echo online;' +
      ' ls /dev/ttyBoard /srv/nfs/root >/dev/null 2>&1; grep CapEff /proc/self/status; cat /proc/self/uid_map /proc/self/cgroup',
  );
  expect(await build()).toEqual({ event: 'done' });
  const told = (await inJail('cat /root/told')).trim().split('\n');
  expect(told.slice(0, 4)).toEqual(['0', '/root', board, 'online']);
  const powers = (await inJail('grep CapEff /proc/1/status; cat /proc/1/uid_map /proc/1/cgroup')).trim().split('\n');
  expect(told.slice(4)).toEqual(powers);
});

test('it runs once: not when parts are made anew or the container starts again, but in a jail that is made anew', async () => {
  await writeScript('echo ran >>/root/runs');
  expect(await build()).toEqual({ event: 'done' });
  await host.inside('sh', '-c', `echo 1 >/sys/fs/cgroup/labcli/${board}/cgroup.kill`);
  expect(await build()).toEqual({ event: 'done' });
  await host.killJaild();
  await host.startJaild();
  expect(await build()).toEqual({ event: 'done' });
  expect(await inJail('cat /root/runs')).toBe('ran\n');
  await host.remove(board, epoch);
  expect(await build()).toEqual({ event: 'done' });
  expect(await inJail('cat /root/runs')).toBe('ran\n');
});

test('a script that fails fails the build, with the last that it wrote', async () => {
  await writeScript('seq 1 1000; echo "no mirror answers" >&2; exit 3');
  const error = errorOf(await build());
  expect(error).toMatchObject({ code: 'device', message: expect.stringContaining(`${board} ended with 3\n`) });
  const lines = error?.message.split('\n') ?? [];
  expect(lines.at(-1)).toBe('no mirror answers');
  expect(lines.at(-2)).toBe('1000');
  expect(lines.length).toBeLessThan(20);
});

test('a script that does not end is ended, with all that it started', async () => {
  await writeScript('echo begun; sleep 1000 & sleep 1000');
  const start = performance.now();
  const error = errorOf(await build());
  expect(error?.message).toBe(`the set-up of the jail of ${board} took longer than 2 s\nbegun`);
  expect(performance.now() - start).toBeLessThan(9000);
  expect(await inJail('ps -eo args 2>/dev/null || cat /proc/[0-9]*/cmdline | tr "\\0" " "')).not.toContain(
    'sleep 1000',
  );
});

test('a script that writes without end costs jaild neither memory nor time', async () => {
  await writeScript('yes "what a flood"');
  const resident = async () => {
    const { stdout } = await host.inside(
      'sh',
      '-c',
      "grep -h VmRSS $(grep -l jaild.js /proc/[0-9]*/cmdline | sed 's/cmdline/status/')",
    );
    return Math.max(...[...stdout.matchAll(/(\d+) kB/g)].map(([, size]) => Number(size))) / 1024;
  };
  const before = await resident();
  const error = errorOf(await build());
  expect(error?.message).toContain('took longer than 2 s');
  expect(error?.message.length).toBeLessThan(1000);
  expect((await resident()) - before).toBeLessThan(60);
});

test('what it leaves running goes on, and holds up nothing', async () => {
  await writeScript('setsid sleep 1000 & echo done');
  const start = performance.now();
  expect(await build()).toEqual({ event: 'done' });
  expect(performance.now() - start).toBeLessThan(3000);
});

test('without its script, jaild does not start, and says why', async () => {
  await host.killJaild();
  await host.inside('rm', '/opt/labcli/jails/setup/tried');
  const { code, stderr } = await host.inside(process.execPath, '/opt/labcli/lib/jaild.js');
  expect([code, stderr]).toEqual([6, expect.stringContaining('/jails/setup/tried is missing: the class rockpro64')]);
  await writeScript('true');
  await host.startJaild();
});
