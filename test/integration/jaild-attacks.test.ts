import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileServerCapabilities } from '../../src/jaild/oci/file-server-config.ts';
import { jailCapabilities } from '../../src/jaild/oci/jail-config.ts';
import { type JaildHost, type Outcome, startJaildHost } from './jaild-host.ts';

/**
 * Root in a jail attacks the lab host. Each attack is also done where it must work, or come further: on the lab host, or in the jail of
 * a class of boards that may have containers inside.
 */
const labYaml = readFileSync(join(import.meta.dirname, '../../lab.yaml'), 'utf8')
  .replace(
    'classes:\n',
    'classes:\n  - { name: nesting, architecture: arm64, boot: debian-nfs, nested_namespaces: true }\n',
  )
  .replace(/(handle: rockpro64-2\n *class: )rockpro64/, '$1nesting');
const claim = { epoch: 1, user: 'alice', expiresAtMs: Date.UTC(2031, 4, 4) };

let host: JaildHost;
beforeAll(async () => {
  host = await startJaildHost(labYaml);
  await host.startJaild();
  const answers = await Promise.all([host.build('rockpro64-1', claim), host.build('rockpro64-2', claim)]);
  expect(answers.map(({ events }) => events.at(-1))).toEqual([{ event: 'done' }, { event: 'done' }]);
});
afterAll(() => host?.stop());

const inJail = (command: string) => host.ssh('alice', '10.77.0.101', command);
const inNestingJail = (command: string) => host.ssh('alice', '10.77.0.102', command);
const onHost = (command: string) => host.inside('sh', '-c', command);

/** Numbers of system calls on x64 and arm64. */
const numbers: Readonly<Record<string, readonly [x64: number, arm64: number]>> = {
  bpf: [321, 280],
  keyctl: [250, 219],
  unshare: [272, 97],
  setns: [308, 268],
  mount: [165, 40],
  umount2: [166, 39],
  fsopen: [430, 430],
  io_uring_setup: [425, 425],
  userfaultfd: [323, 282],
  perf_event_open: [298, 241],
  open_by_handle_at: [304, 265],
  reboot: [169, 142],
  syslog: [103, 116],
  swapon: [167, 224],
  clone3: [435, 435],
  socket: [41, 198],
  ptrace: [101, 117],
};

/** A perl program that ends with the error number of a system call, or 0. Quoted for a shell. */
function callSystem(name: string, ...args: readonly number[]): string {
  return `perl -e 'exit(syscall(${[numberOf(name), ...args].join(', ')}) == -1 ? $!+0 : 0)'`;
}

function numberOf(name: string): number | undefined {
  return numbers[name]?.[process.arch === 'x64' ? 0 : 1];
}

const notPermitted = 1;
const noSuchCall = 38;

test.each<[name: string, args: readonly number[], answer: number]>([
  ['bpf', [0, 0, 0], notPermitted],
  ['keyctl', [0, -3, 1], notPermitted],
  ['unshare', [0x1000_0000], notPermitted],
  ['unshare', [0x2_0000], notPermitted],
  ['setns', [0, 0], notPermitted],
  ['mount', [0, 0, 0, 0, 0], notPermitted],
  ['umount2', [0, 0], notPermitted],
  ['fsopen', [0, 0], notPermitted],
  ['io_uring_setup', [0, 0], notPermitted],
  ['userfaultfd', [-1], notPermitted],
  ['perf_event_open', [0, 0, 0, 0, 0], notPermitted],
  ['open_by_handle_at', [-1, 0, 0], notPermitted],
  // With a wrong magic number.
  ['reboot', [0, 0, 0, 0], notPermitted],
  ['syslog', [-1, 0, 0], notPermitted],
  ['swapon', [0, 0], notPermitted],
  ['clone3', [0, 0], noSuchCall],
  // AF_ALG and AF_VSOCK: the kernel's ciphers, and the hypervisor of a lab host that is a virtual machine.
  ['socket', [38, 5, 0], noSuchCall],
  ['socket', [40, 1, 0], noSuchCall],
])('%s(%j) does not reach the kernel from a jail', async (name, args, answer) => {
  const command = callSystem(name, ...args);
  expect((await inJail(command)).code).toBe(answer);
  // In a private copy of the namespaces, for some of these calls succeed.
  expect([notPermitted, noSuchCall]).not.toContain((await host.inside('unshare', '--mount', 'sh', '-c', command)).code);
});

test('no new privileges, seccomp, and exactly the capabilities that have a reason', async () => {
  const bits = (names: readonly string[]) =>
    names.map(name => 1n << BigInt(capabilityNumbers.indexOf(name))).reduce((sum, bit) => sum | bit, 0n);
  const read = (status: string, field: string) => new RegExp(`^${field}:\\s+(\\S+)`, 'm').exec(status)?.[1];
  const jail = (await inJail('cat /proc/1/status')).stdout;
  const fileServer = (await onHost('cat /proc/$(head -n 1 /sys/fs/cgroup/labcli/rockpro64-1.nfs/cgroup.procs)/status'))
    .stdout;
  for (const [status, reasons] of [
    [jail, jailCapabilities],
    [fileServer, fileServerCapabilities],
  ] as const) {
    expect([read(status, 'NoNewPrivs'), read(status, 'Seccomp')]).toEqual(['1', '2']);
    for (const set of ['CapBnd', 'CapEff', 'CapPrm']) {
      expect([set, BigInt(`0x${read(status, set)}`)]).toEqual([set, bits(Object.keys(reasons))]);
    }
  }
});

/** linux/capability.h, by number. */
const capabilityNumbers = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN ' +
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP'
)
  .split(' ')
  .map(name => `CAP_${name}`);

test('a user who is not root becomes nobody else by a setuid program', async () => {
  const attack =
    'cp /usr/bin/id /usr/local/bin/id-as-root && chmod 4755 /usr/local/bin/id-as-root && ' +
    'setpriv --reuid=65534 --clear-groups /usr/local/bin/id-as-root -u';
  expect((await inJail(attack)).stdout).toBe('65534\n');
  expect((await inNestingJail(attack)).stdout).toBe('0\n');
});

test('no nested user namespaces unless the class asks', async () => {
  const inside = (command: string) => `unshare --user --map-root-user --mount --pid --fork sh -c '${command}'`;
  // perl(1) gives syscall only text that can be changed.
  const mount = `perl -e "exit(syscall(${numberOf('mount')}, join(time, q(none)), join(time, q(/mnt)), join(time, q(tmpfs)), 0, 0) == 0 ? 0 : 1)"`;
  const attack = inside(`${mount} && touch /mnt/mine && id -u`);
  expect(await inJail(attack)).toMatchObject({ code: 1, stderr: expect.stringContaining('not permitted') });
  expect(await inNestingJail(attack)).toMatchObject({ code: 0, stdout: '0\n' });
  expect((await inNestingJail(inside('mknod /tmp/disk-of-host b 7 0'))).stderr).toContain('not permitted');
});

test('no device nodes: only harmless ones are there, and none can be made or opened elsewhere', async () => {
  const { stdout } = await inJail(
    // Not -type: for a file that something is mounted on, find takes the word of the folder.
    'find / -path /proc -prune -o -print0 | xargs -0 stat -c "%F %n" | sed -n "s/.* special file //p" | sort',
  );
  expect(stdout.split('\n').filter(path => path !== '' && !path.startsWith('/dev/pts/'))).toEqual(
    ['full', 'null', 'random', 'tty', 'urandom', 'zero'].map(name => `/dev/${name}`),
  );
  for (const folder of ['/root', '/tmp', '/dev', '/srv/nfs', '/srv/tftp', '/run/lab']) {
    for (const kind of ['c 1 3', 'b 7 0']) {
      const attack = `cd ${folder} && mknod disk-of-host ${kind}`;
      expect([attack, (await inJail(attack)).code]).toEqual([attack, 1]);
    }
  }
  expect((await inJail('mkfifo /tmp/fifo && test -p /tmp/fifo')).code).toBe(0);
  // A node that the board makes over NFS, or that was brought in another way, is no device in the jail.
  await onHost('mknod /var/lib/labcli/jaild/jails/rockpro64-1/private/nfs/null c 1 3');
  expect((await inJail('ls /srv/nfs; echo x >/srv/nfs/null')).stderr).toContain('Permission denied');
  await onHost('rm /var/lib/labcli/jaild/jails/rockpro64-1/private/nfs/null');
});

test('nothing but the jail’s own network can be set in /proc/sys, and nothing in /sys', async () => {
  const openable = (where: string) =>
    `find ${where} -type f 2>/dev/null | while read -r file; do (: >>"$file") 2>/dev/null && echo "$file"; done; true`;
  expect((await inJail(openable('/proc/sys -not -path "/proc/sys/net/*"'))).stdout).toBe('');
  expect((await inJail(openable('/sys'))).stdout).toBe('');
  expect((await inJail('echo 1 >/proc/sys/net/ipv4/ip_forward')).code).toBe(0);
  expect((await onHost('test -w /proc/sys/kernel/core_pattern')).code).toBe(0);
});

test('/proc and /sys tell nothing of the host’s memory, keys, disks and firmware', async () => {
  for (const file of ['kcore', 'keys', 'kallsyms', 'kmsg', 'kpagecount', 'modules', 'slabinfo', 'timer_list']) {
    const path = `/proc/${file}`;
    const { stdout } = await inJail(`head -c 64 ${path} 2>/dev/null | wc -c`);
    expect([path, stdout.trim()]).toEqual([path, '0']);
  }
  for (const folder of ['block', 'firmware', 'fs', 'kernel', 'power']) {
    expect([folder, (await inJail(`ls -A /sys/${folder} 2>/dev/null`)).stdout]).toEqual([folder, '']);
  }
  // Which disks and other devices there are, by any way through /sys, and what they have to do.
  const look =
    'ls -d /sys/bus/* /sys/class/block/loop0 /sys/dev/block/7:0 /sys/devices/platform/* /sys/devices/pci*/* 2>/dev/null; ' +
    'cat /proc/partitions /proc/diskstats /proc/cmdline';
  expect((await inJail(look)).stdout).toBe('');
  expect((await onHost(look)).stdout).toMatch(/bus\/platform[\s\S]*loop0[\s\S]*7:0[\s\S]*devices\/p[\s\S]*major minor/);
  expect((await inJail('echo b >/proc/sysrq-trigger')).code).not.toBe(0);
  expect((await onHost('head -c 9 /proc/timer_list && ls -A /sys/block')).stdout).toContain('loop');
  expect((await inJail('ls /sys/class/net')).stdout).toContain('board');
});

test('there are no cgroup files to escape through', async () => {
  expect((await inJail('find / -name release_agent -o -name "cgroup.*" 2>/dev/null | grep -v ^/usr/')).stdout).toBe('');
  expect((await inJail('grep cgroup /proc/mounts')).stdout).toBe('');
  for (const type of ['cgroup', 'cgroup2']) {
    expect((await inJail(`mkdir -p /tmp/c && mount -t ${type} none /tmp/c`)).code).not.toBe(0);
  }
  const { stdout } = await inJail('cut -d: -f3 /proc/self/cgroup | sort -u');
  expect(stdout).toBe('/\n');
  expect((await onHost('ls /sys/fs/cgroup/labcli')).stdout).toContain('rockpro64-1.nfs');
});

test('a process is traced by its own user alone', async () => {
  const attach = (pid: string) => `my $r = syscall(${numberOf('ptrace')}, 16, ${pid}, 0, 0)`;
  const other = await inJail(
    `pid=$(pgrep -x dnsmasq || pidof dnsmasq); perl -e '${attach('$ARGV[0]+0')}; exit($r == -1 ? $!+0 : 0)' $pid`,
  );
  expect(other.code).toBe(notPermitted);
  const own = await inJail(
    `sleep 9 >/dev/null 2>&1 & perl -e '${attach('$ARGV[0]+0')}; exit($r == -1 ? $!+0 : 0)' $!; code=$?; kill -9 $!; exit $code`,
  );
  expect(own.code).toBe(0);
  // Processes outside have no number here.
  const owners = await inJail('cat /proc/[0-9]*/comm | sort -u');
  for (const name of ['node', 'ganesha.nfsd', 'ovs-vswitchd']) expect(owners.stdout).not.toContain(name);
});

test('packages are built and installed, users added, filters set, and threads run as before', async () => {
  const outcomes: Outcome[] = [];
  for (const command of [
    'mkdir -p /tmp/p/DEBIAN /tmp/p/usr/bin && printf "Package: x\\nVersion: 1\\nArchitecture: all\\nMaintainer: a <a@b>\\n' +
      'Description: x\\n" >/tmp/p/DEBIAN/control && cp /bin/true /tmp/p/usr/bin/x && chmod 4755 /tmp/p/usr/bin/x',
    'printf "#!/bin/sh\\nuseradd --system x\\nchown x /usr/bin/x\\n" >/tmp/p/DEBIAN/postinst; chmod 755 /tmp/p/DEBIAN/postinst',
    'dpkg-deb --root-owner-group --build /tmp/p /tmp/x.deb && mkdir -p /var/lib/apt/lists/partial && apt-get install -q -y /tmp/x.deb',
    'test "$(stat -c %U /usr/bin/x)" = x && su -s /bin/sh x -c id',
    'nft add table inet mine && nft list tables',
    'tar -C / -cf - usr/share/labcli | tar -C /tmp -xf - && sync',
    'setpriv --reuid=x --clear-groups ping -c 1 -W 2 127.0.0.1 || ping -c 1 -W 2 127.0.0.1',
    'timeout 5 perl -e "fork; wait" && chroot / true && nice -n 5 true && sv status dnsmasq | grep ^run',
  ]) {
    outcomes.push(await inJail(command));
  }
  expect(outcomes.filter(({ code }) => code !== 0)).toEqual([]);
});
