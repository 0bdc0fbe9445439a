import { join } from 'node:path';
import { type Addresses, addressBytes, broadcast, ethernet, icmp, tcpReset, udp } from './frames.ts';
import {
  boardMac,
  canConnect,
  connections,
  forget,
  host,
  jail,
  labHost,
  labYaml,
  noted,
  otherJail,
  type Place,
  privateAddresses,
  publicAddresses,
  runAt,
  send,
  shell,
  startLab,
  uplinkMac,
  world,
} from './walled-lab.ts';

/**
 * The wall around jails and boards, attacked by a root in the jail who keeps none of its rules, and by a board. Every attack
 * has a control beside it that shows that the same packet arrives where it may.
 */
describe('with the default wall', () => {
  beforeAll(() => startLab(labYaml), 30_000);
  afterAll(() => host?.stop());
  beforeEach(forget);

  test('no spoofed source, IPv4 and IPv6', async () => {
    const sources = [
      ...[jail.ipv4, otherJail.ipv4, labHost.ipv4, world.ipv4, '203.0.113.5', '10.96.101.100', '169.254.1.1'],
      ...['0.0.0.0', '127.0.0.1', '255.255.255.255', '224.0.0.1'],
    ];
    const sources6 = [
      ...[jail.ipv6, otherJail.ipv6, labHost.ipv6, world.ipv6, '2001:db8:dead::1', 'fd5c:1ab0:1:101::100'],
      ...['fe80::1', 'fe80::2', '::', '::1', 'ff02::1', '::ffff:a4d:65'],
    ];
    const frames = [
      ...sources.map((from, index) => ethernet(uplinkMac, udp({ from, to: world.ipv4 }, 7000 + index))),
      ...sources6.map((from, index) => ethernet(uplinkMac, udp({ from, to: world.ipv6 }, 7100 + index))),
    ];
    await send('jail1', 'eth0', ...frames);
    // The first of each is the jail's own: it arrives, and no other does.
    expect(await noted('wan', 'eth0', 'ports')).toEqual([7000, 7100]);
    // From the board's wire, the lab host takes nothing at all, whatever it says of itself.
    const { stdout } = await host.inside('cat', '/sys/class/net/lc101b/address');
    const wire: Addresses = { from: boardMac, to: stdout.trim() };
    const fromBoard = [...sources, '10.96.101.100'].map(from => ethernet(wire, udp({ from, to: world.ipv4 }, 7200)));
    const fromBoard6 = sources6.map(from => ethernet(wire, udp({ from, to: world.ipv6 }, 7201)));
    await send('board1', 'eth0', ...fromBoard, ...fromBoard6);
    expect(await noted('wan', 'eth0', 'ports')).toEqual([]);
    expect(await noted('host', 'lc101b', 'passed')).toEqual([]);
  });

  test('what connection tracking cannot place does not leave with an untranslated address', async () => {
    const reset = tcpReset({ from: jail.ipv4, to: world.ipv4 }, 7300);
    const reset6 = tcpReset({ from: jail.ipv6, to: world.ipv6 }, 7300);
    await send('jail1', 'eth0', ethernet(uplinkMac, reset), ethernet(uplinkMac, reset6));
    expect(await noted('wan', 'eth0', 'ports')).toEqual([]);
    await shell('host', 'nft insert rule inet labcli through_host iifname "lc101u" tcp dport 7300 accept');
    await send('jail1', 'eth0', ethernet(uplinkMac, reset));
    expect(await noted('wan', 'eth0', 'ports')).toEqual([7300]);
    await shell(
      'host',
      "handle=$(nft -a list chain inet labcli through_host | sed -n 's/.*dport 7300 accept # handle //p')",
      'nft delete rule inet labcli through_host handle "$handle"',
    );
  });

  test('no way to the host, by any of its addresses, from jail or board', async () => {
    const { stdout } = await host.inside(
      'sh',
      '-c',
      "ip -6 -oneline address show dev wan0 scope link | grep -o 'fe80[^/]*'",
    );
    const linkLocal = stdout.trim();
    const addresses = [...Object.values(labHost), '169.254.1.1', '192.0.2.1'];
    expect(await connections('wan', Object.values(labHost), 8000)).toEqual(Object.values(labHost));
    expect(await connections('jail1', [...addresses, `${linkLocal}%eth0`, 'fe80::1%eth0'], 8000)).toEqual([]);
    expect(await connections('board1', [...addresses, `${linkLocal}%eth0`, 'fe80::1%eth0'], 8000)).toEqual([]);
    for (const place of ['jail1', 'board1'] as const) {
      for (const address of [...Object.values(labHost), '192.0.2.1']) {
        const { code } = await runAt(place, 'ping', '-c', '1', '-W', '0.3', address);
        expect([place, address, code]).toEqual([place, address, 1]);
      }
    }
    // Its gateway is there for a jail to see that its uplink works.
    expect((await runAt('jail1', 'ping', '-c', '1', '-W', '1', '169.254.1.1')).code).toBe(0);
  });

  test('no way to the host by broadcast and multicast', async () => {
    const targets = ['198.51.100.255', '255.255.255.255', '224.0.0.1', '224.0.0.251', '169.254.1.1', labHost.ipv4];
    const targets6 = ['ff02::1', 'ff02::2', 'ff02::fb', 'ff05::2', 'fe80::1', labHost.ipv6];
    const frames = (mac: Addresses, from: string, from6: string) => [
      ...targets.map((to, index) => ethernet(mac, udp({ from, to }, 7400 + index))),
      ...targets6.map((to, index) => ethernet(mac, udp({ from: from6, to }, 7410 + index))),
    ];
    const everyone = { ...uplinkMac, to: broadcast };
    await send('jail1', 'eth0', ...frames(uplinkMac, jail.ipv4, jail.ipv6), ...frames(everyone, jail.ipv4, jail.ipv6));
    await send('board1', 'eth0', ...frames({ from: boardMac, to: broadcast }, '10.96.101.100', 'fe80::1'));
    expect(await noted('host', 'lc101u', 'ports')).toEqual([]);
    expect(await noted('host', 'lc101b', 'ports')).toEqual([]);
    // The same, when a neighbour of the uplink says it: the lab host hears all that is meant for it.
    const neighbour = { from: '02:00:00:00:00:09', to: broadcast };
    await send('wan', 'eth0', ...frames(neighbour, '198.51.100.9', 'fe80::9'));
    expect(await noted('host', 'wan0', 'ports')).toEqual(expect.arrayContaining([7400, 7401, 7402]));
  });

  test('the host but its DNS, if configured', async () => {
    const client = join(import.meta.dirname, 'dns-client.ts');
    const ask = (place: Place) => runAt(place, process.execPath, client, labHost.ipv4, 'world.example', 'A');
    expect((await ask('jail1')).stdout).toBe('198.51.100.1\n');
    expect((await ask('board1')).stdout).toBe('198.51.100.1\n');
    expect(await canConnect('jail1', labHost.ipv4, 8000)).toBe(false);
  });

  test('no way to the management network', async () => {
    const management = ['192.0.2.10', 'fd77::10', '192.0.2.1', 'fd77::1'];
    expect(await connections('host', management, 8000)).toEqual(management);
    expect(await connections('jail1', management, 8000)).toEqual([]);
    expect(await connections('board1', management, 8000)).toEqual([]);
    // Nor does the lab host become a router between its own networks because it forwards for jails.
    await shell(
      'wan',
      'ip route replace 192.0.2.0/24 via 198.51.100.2',
      'ip route replace fd77::/64 via 2001:db8:100::2',
    );
    expect(await connections('wan', ['192.0.2.10', 'fd77::10'], 8000)).toEqual([]);
    expect(await connections('management', Object.values(world), 8000)).toEqual([]);
  });

  test('no way to private ranges, but to a name server that is in one', async () => {
    expect(await connections('host', [...privateAddresses, ...publicAddresses], 8000)).toEqual([
      ...privateAddresses,
      ...publicAddresses,
    ]);
    for (const place of ['jail1', 'board1'] as const) {
      expect(await connections(place, publicAddresses, 8000)).toEqual(publicAddresses);
      expect(await connections(place, [...privateAddresses, '10.53.53.53'], 8000)).toEqual([]);
      const client = join(import.meta.dirname, 'dns-client.ts');
      const answer = await runAt(place, process.execPath, client, '10.53.53.53', 'world.example', 'A');
      expect([place, answer.stdout]).toEqual([place, '198.51.100.1\n']);
    }
  });

  test('no way to other jails and other boards', async () => {
    expect(await connections('wan', Object.values(otherJail), 22)).toEqual(Object.values(otherJail));
    const others = [...Object.values(otherJail), '10.96.102.1', 'fd5c:1ab0:1:102::1'];
    expect(await connections('board2', ['10.96.102.1', 'fd5c:1ab0:1:102::1'], 22)).toHaveLength(2);
    for (const place of ['jail1', 'board1'] as const) {
      expect([place, await connections(place, others, 22)]).toEqual([place, []]);
      for (const address of ['10.96.102.100', 'fd5c:1ab0:1:102::100']) {
        expect((await runAt(place, 'ping', '-c', '1', '-W', '0.5', address)).code).toBe(1);
        expect((await runAt('jail2', 'ping', '-c', '1', '-W', '1', address)).code).toBe(0);
      }
    }
  });

  test('no source routes, and no redirects', async () => {
    const hop = (to: string) => [...addressBytes(to)];
    const loose = [0x83, 7, 4, ...hop('10.1.2.3'), 0];
    const strict = [0x89, 7, 4, ...hop('192.0.2.10'), 0];
    const routing = (type: number) => ({ header: 43, bytes: [0, 2, type, 1, 0, 0, 0, 0, ...hop('fd99::9')] });
    const frames = (mac: Addresses, from: string, from6: string, to: string, to6: string) => [
      ethernet(mac, udp({ from, to }, 7500, { options: loose })),
      ethernet(mac, udp({ from, to }, 7501, { options: strict })),
      ...[0, 2, 4].map(type => ethernet(mac, udp({ from: from6, to: to6 }, 7502 + type, { extension: routing(type) }))),
      ethernet(
        mac,
        icmp({ from, to }, 5, 1, Buffer.concat([addressBytes(from), udp({ from: to, to: world.ipv4 }, 1)])),
      ),
      ...[133, 134, 135, 136, 137].map(type =>
        ethernet(mac, icmp({ from: from6, to: to6 }, type, 0, Buffer.alloc(36), { hopLimit: 255 })),
      ),
    ];
    await send('jail1', 'eth0', ...frames(uplinkMac, jail.ipv4, jail.ipv6, world.ipv4, world.ipv6));
    await send('jail1', 'eth0', ...frames(uplinkMac, jail.ipv4, jail.ipv6, labHost.ipv4, labHost.ipv6));
    await send('jail1', 'eth0', ...frames(uplinkMac, jail.ipv4, 'fe80::2', labHost.ipv4, 'ff02::1'));
    expect(await noted('wan', 'eth0', 'ports')).toEqual([]);
    for (const set of ['passed', 'messages', 'messages6'])
      expect([set, await noted('host', 'lc101u', set)]).toEqual([set, []]);
    const { stdout } = await host.inside('cat', '/sys/class/net/wan0/address');
    const neighbour = { from: '02:00:00:00:00:09', to: stdout.trim() };
    await forget();
    await send('wan', 'eth0', ...frames(neighbour, '198.51.100.9', '2001:db8:100::9', labHost.ipv4, labHost.ipv6));
    expect(await noted('host', 'wan0', 'passed')).toEqual(expect.arrayContaining([7500, 7501, 7502, 7504, 7506]));
    expect(await noted('host', 'wan0', 'messages')).toContain(5);
    expect(await noted('host', 'wan0', 'messages6')).toEqual(expect.arrayContaining([133, 134, 135, 136, 137]));
  });

  test('jail and lab host know each other for good, and ask nobody: the kernel has one table of neighbours for all jails', async () => {
    const silence = 'table arp silence { chain in { type filter hook input priority 0; policy drop; }; }';
    await shell('jail2', `nft '${silence}'`, 'ip neigh flush dev eth0');
    await shell('host', 'ip neigh flush dev lc102u');
    expect(await canConnect('host', otherJail.ipv4, 22)).toBe(true);
    expect(await canConnect('jail2', world.ipv4, 8000)).toBe(true);
    // Without ARP, nobody is found on the board's wire.
    const ask = () =>
      shell('jail2', 'ip neigh flush dev board', 'ping -c 1 -W 1 10.96.102.100 >/dev/null && echo found || true');
    expect(await ask()).toBe('');
    await shell('jail2', 'nft delete table arp silence');
    expect(await ask()).toBe('found\n');
  });

  test('a jail does not break the lab host’s own connections by errors that it makes up', async () => {
    for (const target of [`UDP4-SENDTO:${world.ipv4}`, `UDP6-SENDTO:[${world.ipv6}]`]) {
      await shell('host', `echo x | socat -u - ${target}:7600,sourceport=7600`);
    }
    const unreachable = (from: { ipv4: string; ipv6: string }) => [
      icmp({ from: from.ipv4, to: labHost.ipv4 }, 3, 3, asked({ from: labHost.ipv4, to: world.ipv4 })),
      icmp({ from: from.ipv6, to: labHost.ipv6 }, 1, 4, asked({ from: labHost.ipv6, to: world.ipv6 })),
    ];
    const asked = (ip: Addresses) => Buffer.concat([Buffer.alloc(4), udp(ip, 7600)]);
    await send('jail1', 'eth0', ...unreachable(jail).map(packet => ethernet(uplinkMac, packet)));
    expect(await noted('host', 'lc101u', 'errors')).toEqual([]);
    expect(await noted('host', 'lc101u', 'errors6')).toEqual([]);
    // From where such an error may come, it arrives.
    const { stdout } = await host.inside('cat', '/sys/class/net/wan0/address');
    const neighbour = { from: '02:00:00:00:00:09', to: stdout.trim() };
    await send('wan', 'eth0', ...unreachable(world).map(packet => ethernet(neighbour, packet)));
    expect(await noted('host', 'wan0', 'errors')).toContain(3);
    expect(await noted('host', 'wan0', 'errors6')).toContain(1);
  });

  test('nor those of another jail, in the name of the lab host', async () => {
    for (const target of [`UDP4-SENDTO:${world.ipv4}`, `UDP6-SENDTO:[${world.ipv6}]`]) {
      await shell('jail2', `echo x | socat -u - ${target}:7700,sourceport=7700`);
    }
    const asked = (ip: Addresses) => Buffer.concat([Buffer.alloc(4), udp(ip, 7700)]);
    const unreachable = (from: { ipv4: string; ipv6: string }) => [
      icmp({ from: from.ipv4, to: world.ipv4 }, 3, 3, asked({ from: world.ipv4, to: otherJail.ipv4 })),
      icmp({ from: from.ipv6, to: world.ipv6 }, 1, 4, asked({ from: world.ipv6, to: otherJail.ipv6 })),
    ];
    await forget();
    await send('jail1', 'eth0', ...unreachable(jail).map(packet => ethernet(uplinkMac, packet)));
    expect(await noted('wan', 'eth0', 'errors')).toEqual([]);
    expect(await noted('wan', 'eth0', 'errors6')).not.toContain(1);
    // Whose connection it is may say so.
    await send('jail2', 'eth0', ...unreachable(otherJail).map(packet => ethernet(uplinkMac, packet)));
    expect(await noted('wan', 'eth0', 'errors')).toEqual([3]);
    expect(await noted('wan', 'eth0', 'errors6')).toContain(1);
  });

  test('the lab host’s table of connections is not one jail’s', async () => {
    const count = async () => Number(await shell('host', 'cat /proc/sys/net/netfilter/nf_conntrack_count'));
    const fill = (port: number) => shell('jail1', `perl -MSocket -e '${flood}' ${world.ipv4} ${port}`);
    const flood =
      'socket(S, PF_INET, SOCK_DGRAM, 0); for my $n (0 .. 4999) { send(S, "", 0, pack_sockaddr_in($ARGV[1] + $n, inet_aton($ARGV[0]))) }';
    await fill(20_000);
    expect(await count()).toBeLessThan(4300);
    expect(await canConnect('jail1', world.ipv4, 8000)).toBe(false);
    expect(await canConnect('jail2', world.ipv4, 8000)).toBe(true);
    // The same where nobody counts.
    await shell('host', 'nft insert rule inet labcli through_host iifname "lc101u" udp dport \\>= 30000 accept');
    await fill(30_000);
    expect(await count()).toBeGreaterThan(5000);
  });
});

describe('with a wall of the lab’s own', () => {
  beforeAll(() => startLab(labYaml.replace(/# deny: .*/, 'deny: [203.0.113.0/24, "2001:db8:9::/64"]')), 30_000);
  afterAll(() => host?.stop());

  test('no way to what lab.yaml lists, and a way to the rest', async () => {
    for (const place of ['jail1', 'board1'] as const) {
      expect([place, await connections(place, publicAddresses, 8000)]).toEqual([place, []]);
      const rest = privateAddresses.filter(each => !each.startsWith('169.254'));
      expect([place, await connections(place, rest, 8000)]).toEqual([place, rest]);
    }
  });
});
