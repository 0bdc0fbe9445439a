import { copyFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type JaildHost, type Outcome, startJaildHost } from './jaild-host.ts';

/** What boards of all kinds are told to boot on their first power-on, and that firmware fetches it. */
const pc = `  - name: pc
    architecture: amd64
`;
const labYaml = readFileSync(join(import.meta.dirname, '../../lab.yaml'), 'utf8')
  .replace('52:54:00:00:01:65', '52:54:00:00:01:01')
  .replace('52:54:00:00:01:66', '52:54:00:00:01:02')
  .replace('classes:\n', `classes:\n${pc}`)
  .replace(
    'class: rockpro64\n    labels: [ram=512m]\n    mac: 52:54:00:00:01:02',
    'class: pc\n    mac: 52:54:00:00:01:02',
  );
const claim = { epoch: 1, user: 'alice', expiresAtMs: Date.UTC(2031, 4, 4) };
const arm = { handle: 'rockpro64-1', mac: '52:54:00:00:01:01', place: 'board1', gateway: '10.96.101.1' } as const;
const amd = { handle: 'rockpro64-2', mac: '52:54:00:00:01:02', place: 'board2', gateway: '10.96.102.1' } as const;

let host: JaildHost;
beforeAll(async () => {
  host = await startJaildHost(labYaml);
  await host.startJaild();
  for (const { handle } of [arm, amd]) {
    expect((await host.build(handle, claim)).events.at(-1)).toEqual({ event: 'done' });
  }
}, 30_000);
afterAll(() => host?.stop());

interface Offer {
  readonly bootFile: string;
  readonly server: string;
  readonly vendorClass?: string;
}

async function discover(board: typeof arm | typeof amd, ...firmware: readonly string[]): Promise<Offer> {
  const client = join(import.meta.dirname, 'dhcp-client.ts');
  const { stdout } = await host.at(board.place, process.execPath, client, board.mac, ...firmware);
  return JSON.parse(stdout) as Offer;
}

const inAmdJail = (command: string) => host.ssh('alice', '10.77.0.102', command);

describe('DHCP names the boot file for', () => {
  test.each([
    ['x86 BIOS', '0', 'PXEClient', 'undionly.kpxe'],
    ['x86 UEFI', '6', 'PXEClient', 'bootia32.efi'],
    ['x64 UEFI', '7', 'PXEClient', 'bootx64.efi'],
    ['x64 UEFI, as some say it', '9', 'PXEClient', 'bootx64.efi'],
    ['arm UEFI', '10', 'PXEClient', 'bootarm.efi'],
    ['arm64 UEFI', '11', 'PXEClient', 'bootaa64.efi'],
    ['U-Boot on arm', '21', '', 'boot.scr.uimg'],
    ['U-Boot on arm64', '22', '', 'boot.scr.uimg'],
  ])('%s over TFTP', async (_what, architecture, client, bootFile) => {
    for (const board of [arm, amd]) {
      const offer = await discover(board, architecture, client);
      expect(offer).toMatchObject({ bootFile, server: board.gateway });
      expect(offer).not.toHaveProperty('vendorClass');
    }
  });

  test.each([
    ['x86 UEFI', '15', 'bootia32.efi'],
    ['x64 UEFI', '16', 'bootx64.efi'],
    ['arm UEFI', '18', 'bootarm.efi'],
    ['arm64 UEFI', '19', 'bootaa64.efi'],
    ['x86 BIOS', '20', 'undionly.kpxe'],
    ['U-Boot on arm', '23', 'boot.scr.uimg'],
    ['U-Boot on arm64', '24', 'boot.scr.uimg'],
  ])('%s over HTTP', async (_what, architecture, bootFile) => {
    expect(await discover(amd, architecture, 'HTTPClient')).toMatchObject({
      bootFile: `http://${amd.gateway}/${bootFile}`,
      server: amd.gateway,
      vendorClass: 'HTTPClient',
    });
  });

  test.each(['0', '7', '11'])('iPXE, whatever started it: %s', async architecture => {
    expect(await discover(amd, architecture, 'iPXE')).toMatchObject({ bootFile: `http://${amd.gateway}/boot.ipxe` });
  });

  test("firmware that does not tell its architecture, by that of the board's class", async () => {
    expect(await discover(arm, 'none')).toMatchObject({ bootFile: 'boot.scr.uimg' });
    expect(await discover(amd, 'none')).toMatchObject({ bootFile: 'undionly.kpxe' });
  });
});

test('what a class carries is there over TFTP and HTTP with no step by the user, and so is what the user puts there', async () => {
  await host.at(arm.place, 'ip', 'address', 'replace', '10.96.101.100/24', 'dev', 'eth0');
  const fetchFrom = (scheme: string, name: string) =>
    host.at(arm.place, 'curl', '-sS', '--fail', '-m', '5', `${scheme}://${arm.gateway}/${name}`);
  for (const scheme of ['tftp', 'http']) {
    expect([scheme, (await fetchFrom(scheme, 'boot.scr.uimg')).stdout]).toEqual([scheme, 'boot script\n']);
    expect((await fetchFrom(scheme, 'mine')).code).not.toBe(0);
  }
  await host.ssh('alice', '10.77.0.101', 'mkdir /srv/tftp/own; echo mine >/srv/tftp/own/file; echo no >/root/secret');
  expect((await fetchFrom('http', 'own/file')).stdout).toBe('mine\n');
  expect((await fetchFrom('tftp', 'own/file')).stdout).toBe('mine\n');
  const outside = await host.at(
    arm.place,
    'curl',
    '-sS',
    '-m',
    '5',
    '--path-as-is',
    `http://${arm.gateway}/../../root/secret`,
  );
  expect(outside.stdout).not.toContain('no\n');
  const { stdout } = await host.ssh(
    'alice',
    '10.77.0.101',
    'ps -o user= -C busybox 2>/dev/null || stat -c %U /proc/$(cat /etc/service/http/supervise/pid)',
  );
  expect(stdout.trim()).toBe('nobody');
});

describe('a PC really boots:', () => {
  /** A machine on the second board's wire, in place of the namespace that plays it elsewhere. */
  async function powerOn(
    options: readonly string[],
    until: (log: string) => boolean,
    timeoutMs: number,
  ): Promise<string> {
    await host.inside('ip', 'tuntap', 'add', 'qemu2', 'mode', 'tap');
    await host.inside('ip', 'link', 'set', 'qemu2', 'up');
    await host.inside('ovs-vsctl', '--timeout=10', 'add-port', 'br-trunk', 'qemu2', 'tag=102');
    const machine: Promise<Outcome> = host.inside(
      ...['timeout', '--signal=KILL', String(timeoutMs / 1000), 'sh', '-c', 'echo $$ >/run/qemu.pid; exec "$@"', 'sh'],
      ...['qemu-system-x86_64', '-accel', 'tcg', '-m', '256', '-nodefaults', '-no-user-config', '-display', 'none'],
      ...['-monitor', 'none', '-serial', 'file:/run/qemu.serial', '-no-reboot'],
      ...['-netdev', 'tap,id=net0,ifname=qemu2,script=no,downscript=no,vnet_hdr=off', ...options],
    );
    let isOver = false;
    void machine.then(() => {
      isOver = true;
    });
    let log = '';
    try {
      while (!until(log) && !isOver) {
        await sleep(500);
        const services = await inAmdJail('cat /var/log/dnsmasq/current /var/log/http/current');
        log = services.stdout + (await host.inside('cat', '/run/qemu.serial')).stdout;
      }
    } finally {
      await host.inside('sh', '-c', 'kill -KILL "$(cat /run/qemu.pid)"');
      await machine;
      await host.inside('ovs-vsctl', '--timeout=10', 'del-port', 'br-trunk', 'qemu2');
      await host.inside('ip', 'link', 'delete', 'qemu2');
    }
    return log;
  }

  test('with BIOS and iPXE, into a script and what it names', async () => {
    const script = ['#!ipxe', 'echo script-runs', 'imgfetch kernel && echo kernel-is-here', 'sleep 30', ''].join('\n');
    await inAmdJail(`printf '${script}' >/srv/tftp/boot.ipxe; head -c 300000 /dev/zero >/srv/tftp/kernel`);
    const device = `virtio-net-pci,netdev=net0,mac=${amd.mac},bootindex=0`;
    const log = await powerOn(
      ['-M', 'q35,graphics=off', '-device', device],
      text => text.includes('kernel-is-here'),
      60_000,
    );
    expect(log).toContain('script-runs');
    expect(log).toMatch(/DHCPACK\(board\) 10\.96\.102\.100 52:54:00:00:01:02/);
    expect(log).toMatch(/url:\/boot\.ipxe/);
    expect(log).toMatch(/url:\/kernel/);
    expect(log).toContain('kernel-is-here');
  }, 90_000);

  test('with UEFI, over TFTP and over HTTP', async () => {
    await inAmdJail('rm -f /srv/tftp/boot.ipxe; head -c 50000 /dev/zero >/srv/tftp/bootx64.efi');
    const flash = '/usr/share/OVMF/OVMF';
    const variables = join(host.configDirectory, 'vars.fd');
    copyFileSync(`${flash}_VARS.fd`, variables);
    expect(statSync(variables).size).toBeGreaterThan(100_000);
    const device = `virtio-net-pci,netdev=net0,mac=${amd.mac},romfile=,bootindex=0`;
    const log = await powerOn(
      [
        ...['-M', 'q35', '-device', device, '-device', 'virtio-rng-pci'],
        ...['-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${flash}_CODE.fd`],
        ...['-drive', 'if=pflash,unit=1,format=raw,file=/etc/labcli/vars.fd'],
      ],
      text => text.includes('bootx64.efi to') && text.includes('url:/bootx64.efi'),
      120_000,
    );
    expect(log).toMatch(/sent \/srv\/tftp\/bootx64\.efi to 10\.96\.102\.100/);
    expect(log).toMatch(/url:\/bootx64\.efi/);
  }, 150_000);
});
