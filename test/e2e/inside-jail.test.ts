import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BoardList, ClaimedBoard } from '../../src/api/messages.ts';
import { run } from '../../src/system/run.ts';
import { type Conversation, converse } from '../../src/vhost/conversation.ts';
import { type LabUnderTest, startLab } from './lab-under-test.ts';

/** A jail as a place to work in: its greeting, its services, and packages from a Debian archive out in the world. */
let lab: LabUnderTest;
let claim: ClaimedBoard;
let archive: string;
let server: Conversation | undefined;
beforeAll(async () => {
  lab = await startLab();
  claim = await lab.json<ClaimedBoard>('alice', 'claim', 'rockpro64');
  archive = mkdtempSync(join(tmpdir(), 'labcli-archive-'));
}, 90_000);
afterAll(async () => {
  server?.kill();
  await lab?.stop();
  if (archive) rmSync(archive, { recursive: true, force: true });
});

const inJail = (command: string) => lab.ssh(claim.board, command);

test('a login is greeted with what is where: address, board, VLAN, expiry, and the commands one needs', async () => {
  const [board] = (await lab.json<BoardList>('alice', 'status')).boards.filter(({ handle }) => handle === claim.board);
  const session = converse('ssh', ['-tt', '-F', lab.host.sshConfig, claim.board]);
  const greeting = await session.expect(/root@\S+:~# /, 15_000);
  session.write('exit\r');
  await session.end(5000);
  const day = new Date(claim.expiresAtMs).toISOString().slice(0, 10);
  for (const text of [claim.board, 'alice', claim.jailAddress, `VLAN ${board?.vlan}`, day, '10.96.']) {
    expect(greeting).toContain(text);
  }
  for (const verb of ['power', 'console', 'status', 'reinit', 'release']) expect(greeting).toContain(`labcli ${verb}`);
  for (const place of ['/srv/tftp', '/srv/nfs', '/etc/exports', '/dev/ttyBoard', '/etc/service']) {
    expect(greeting).toContain(place);
  }
}, 30_000);

test('the services are seen, stopped, started and restarted, and each has its log', async () => {
  const { stdout } = await inJail('sv status /etc/service/*');
  for (const service of ['dnsmasq', 'sshd', 'console']) {
    expect(stdout).toMatch(new RegExp(`^run: /etc/service/${service}: \\(pid \\d+\\)`, 'm'));
  }
  const pidOf = async () => /\(pid (\d+)\)/.exec((await inJail('sv status dnsmasq')).stdout)?.[1];
  const before = await pidOf();
  expect((await inJail('sv restart dnsmasq')).stdout).toMatch(/^ok: run: dnsmasq/);
  expect(await pidOf()).not.toBe(before);
  expect((await inJail('sv stop dnsmasq && sv status dnsmasq')).stdout).toMatch(/^down: dnsmasq/m);
  expect((await inJail('sv start dnsmasq')).stdout).toMatch(/^ok: run: dnsmasq/);
  expect((await inJail('sleep 0.5; cat /var/log/dnsmasq/current')).stdout).toMatch(/TFTP root is \/srv\/tftp/);
  expect((await inJail('cat /var/log/sshd/current')).stdout).toContain('Accepted publickey for root');
});

test('a service that the user adds is run', async () => {
  const script = '#!/bin/sh\\nexec sleep 1000\\n';
  await inJail(
    `mkdir /root/mine && printf '${script}' >/root/mine/run && chmod +x /root/mine/run && ln -s /root/mine /etc/service/`,
  );
  const { stdout } = await inJail('for try in 1 2 3 4 5 6 7 8; do sv status mine && break; sleep 1; done');
  expect(stdout).toMatch(/^run: mine: \(pid \d+\)/m);
}, 30_000);

describe('apt-get', () => {
  beforeAll(async () => {
    await writeArchive(archive);
    const wan = lab.host.outside('/run/netns/wan');
    const program = join(import.meta.dirname, 'serve-folder.ts');
    server = converse('nsenter', [`--net=${wan}`, process.execPath, program, archive, '8000']);
    await server.expect(/listening/, 10_000);
    await inJail("echo 'deb [trusted=yes] http://198.51.100.1:8000/ ./' >/etc/apt/sources.list");
  });

  test('install fetches a package and what it needs, and sets both up', async () => {
    const update = await inJail('apt-get update -q');
    expect({ code: update.code, stderr: update.stderr }).toEqual({ code: 0, stderr: '' });
    const install = await inJail('DEBIAN_FRONTEND=noninteractive apt-get install -q -y lab-tool');
    expect({ code: install.code, log: install.code === 0 ? '' : install.stdout + install.stderr }).toEqual({
      code: 0,
      log: '',
    });
    expect((await inJail('lab-tool')).stdout).toBe('the tool with its library\n');
    // The package's own script made an account and gave it a folder.
    expect((await inJail("stat -c '%U %a' /var/lib/lab-tool; dpkg -s lab-library | grep Status")).stdout).toBe(
      'labtool 750\nStatus: install ok installed\n',
    );
  }, 60_000);

  test('remove --purge and install again work, too', async () => {
    expect((await inJail('apt-get remove -q -y --purge lab-tool')).code).toBe(0);
    expect((await inJail('lab-tool')).code).toBe(127);
    expect((await inJail('apt-get install -q -y lab-tool && lab-tool')).stdout).toContain(
      'the tool with its library\n',
    );
  }, 60_000);
});

/** An archive of two small packages, in the form of a flat repository (sources.list(5)). */
async function writeArchive(folder: string): Promise<void> {
  const library = {
    name: 'lab-library',
    depends: '',
    file: 'usr/share/lab-library/text',
    text: 'the tool with its library\n',
  };
  const tool = {
    name: 'lab-tool',
    depends: 'lab-library',
    file: 'usr/bin/lab-tool',
    text: '#!/bin/sh\nexec cat /usr/share/lab-library/text\n',
    postinst: `#!/bin/sh
set -e
id labtool >/dev/null 2>&1 || useradd --system --home-dir /var/lib/lab-tool --shell /usr/sbin/nologin labtool
install -d -o labtool -m 750 /var/lib/lab-tool
`,
  };
  const entries: string[] = [];
  for (const { name, depends, file, text, postinst } of [library, { ...tool }].map(each => ({
    postinst: '',
    ...each,
  }))) {
    const tree = join(folder, name);
    mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
    mkdirSync(join(tree, file, '..'), { recursive: true });
    writeFileSync(join(tree, file), text);
    chmodSync(join(tree, file), 0o755);
    const control = [
      `Package: ${name}`,
      'Version: 1.0',
      'Architecture: all',
      'Maintainer: nobody <nobody@localhost>',
      ...(depends === '' ? [] : [`Depends: ${depends}`]),
      'Description: made for a test',
    ].join('\n');
    writeFileSync(join(tree, 'DEBIAN/control'), `${control}\n`);
    if (postinst !== '') {
      writeFileSync(join(tree, 'DEBIAN/postinst'), postinst);
      chmodSync(join(tree, 'DEBIAN/postinst'), 0o755);
    }
    await run('dpkg-deb', ['--root-owner-group', '--build', tree, join(folder, `${name}.deb`)]);
    const bytes = readFileSync(join(folder, `${name}.deb`));
    const sum = createHash('sha256').update(bytes).digest('hex');
    entries.push(`${control}\nFilename: ./${name}.deb\nSize: ${bytes.length}\nSHA256: ${sum}\n`);
  }
  const packages = entries.join('\n');
  writeFileSync(join(folder, 'Packages'), packages);
  const sum = createHash('sha256').update(packages).digest('hex');
  const date = new Date().toUTCString();
  writeFileSync(join(folder, 'Release'), `Suite: test\nDate: ${date}\nSHA256:\n ${sum} ${packages.length} Packages\n`);
}
