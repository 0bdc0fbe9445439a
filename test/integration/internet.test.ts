import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JaildHost, startJaildHost } from './jaild-host.ts';

/** What reaches the world from jail and board, over IPv4 and IPv6, and from which address the world sees it come. */
const labYaml = readFileSync(join(import.meta.dirname, '../../lab.yaml'), 'utf8')
  .replace('52:54:00:00:01:65', '52:54:00:00:01:01')
  .replace('52:54:00:00:01:66', '52:54:00:00:01:02');
const handle = 'rockpro64-1';
const claim = { epoch: 1, user: 'alice', expiresAtMs: Date.UTC(2031, 4, 4) };
const jail = { ipv4: '10.77.0.101', ipv6: 'fd5c:1ab0:1::101' };
const gateway = { ipv4: '10.96.101.1', ipv6: 'fd5c:1ab0:1:101::1' };
const world = { ipv4: '198.51.100.1', ipv6: '2001:db8:100::1' };
const labHost = { ipv4: '198.51.100.2', ipv6: '2001:db8:100::2' };

async function startWith(yaml: string): Promise<JaildHost> {
  const host = await startJaildHost(yaml);
  await host.startJaild();
  const { events } = await host.build(handle, claim);
  expect(events.at(-1)).toEqual({ event: 'done' });
  // In the world, a server for each family that tells who called.
  // Not by `ip netns exec`, which would keep a copy of the jail's mounts.
  for (const listener of ['TCP4-LISTEN:8000', 'TCP6-LISTEN:8000,ipv6only=1']) {
    const server = `socat ${listener},fork,reuseaddr SYSTEM:'echo $SOCAT_PEERADDR' >/dev/null 2>&1 &`;
    await host.inside('nsenter', '--net=/run/netns/wan', 'sh', '-c', server);
  }
  return host;
}

/** The board asks for an IPv4 address by DHCP, and takes what routers advertise for IPv6. */
async function bringUpBoard(host: JaildHost): Promise<void> {
  const setUp = [
    'echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6',
    'echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad',
    'ip link set eth0 down',
    'ip link set eth0 up',
    'ip address replace 10.96.101.100/24 dev eth0',
    'ip route replace default via 10.96.101.1',
  ];
  const { code, stderr } = await host.at('board1', 'sh', '-ec', setUp.join('\n'));
  expect([code, stderr]).toEqual([0, '']);
}

const whoCalls = (address: string) => {
  const target = address.includes(':') ? `TCP6:[${address}]` : `TCP4:${address}`;
  return ['socat', '-T', '2', `${target}:8000,connect-timeout=2`, '-'];
};

/** Where the world sees board and jail come from, and where the lab host sees them come from. */
async function callWorld(host: JaildHost, address: string) {
  const fromBoard = await host.at('board1', ...whoCalls(address));
  const fromJail = await host.ssh('alice', jail.ipv4, whoCalls(address).join(' '));
  return { board: expand(fromBoard.stdout), jail: expand(fromJail.stdout) };
}

/** socat writes IPv6 addresses in full, in brackets. */
function expand(text: string): string {
  const groups = text.trim().replace(/[[\]]/g, '');
  return groups.includes(':') ? new URL(`http://[${groups}]/`).hostname.slice(1, -1) : groups;
}

async function waitForRouter(host: JaildHost): Promise<string> {
  for (let tries = 0; tries < 100; tries += 1) {
    const show = ['address', 'show', 'dev', 'eth0', 'scope', 'global', '-tentative'];
    const { stdout } = await host.at('board1', 'ip', '-6', '-oneline', ...show);
    const route = await host.at('board1', 'ip', '-6', 'route', 'show', 'default');
    const [, address] = /inet6 (\S+)\//.exec(stdout) ?? [];
    if (address && route.stdout.includes('proto ra')) return address;
  }
  throw new Error('no router was advertised');
}

/** A DNS question, asked where the board is, of the jail: by curl, which is told whom to ask over which family. */
async function lookUp(host: JaildHost, server: string, type: 'A' | 'AAAA'): Promise<string> {
  const script = join(import.meta.dirname, 'dns-client.ts');
  const { stdout, stderr } = await host.at('board1', process.execPath, script, server, 'world.example', type);
  return stdout.trim() || stderr;
}

describe('in a lab with both families', () => {
  let host: JaildHost;
  let boardAddress: string;
  beforeAll(async () => {
    host = await startWith(labYaml.replace('# masquerade: [ipv4, ipv6]', 'masquerade: []'));
    await bringUpBoard(host);
    boardAddress = await waitForRouter(host);
  });
  afterAll(() => host?.stop());

  test("router advertisements on the board's wire give it an address of its own /64", () => {
    expect(boardAddress).toMatch(/^fd5c:1ab0:1:101:/);
  });

  test.each(['ipv4', 'ipv6'] as const)("all traffic appears from the jail's address: %s", async family => {
    expect(await callWorld(host, world[family])).toEqual({ board: jail[family], jail: jail[family] });
  });

  test.each([
    ['ipv4', '-4'],
    ['ipv6', '-6'],
  ] as const)('the world answers to a ping: %s', async (family, option) => {
    expect((await host.at('board1', 'ping', option, '-c', '1', '-W', '2', world[family])).code).toBe(0);
    expect((await host.ssh('alice', jail.ipv4, `ping ${option} -c 1 -W 2 ${world[family]}`)).code).toBe(0);
  });

  test.each(['ipv4', 'ipv6'] as const)('DNS works on both: over %s', async family => {
    expect(await lookUp(host, gateway[family], 'A')).toBe(world.ipv4);
    expect(await lookUp(host, gateway[family], 'AAAA')).toBe(world.ipv6);
    const { stdout } = await host.ssh('alice', jail.ipv4, 'getent ahosts world.example; cat /etc/resolv.conf');
    expect(stdout).toContain(world.ipv4);
    expect(stdout).toContain(world.ipv6);
    expect(stdout).toContain(`nameserver ${world[family]}`);
  });

  test('the jail is reached from the world over ssh, by either family', async () => {
    for (const address of [`TCP4:${jail.ipv4}`, `TCP6:[${jail.ipv6}]`]) {
      const { stdout } = await host.at('wan', 'socat', '-T', '1', `${address}:22,connect-timeout=2`, '-');
      expect([address, stdout]).toEqual([address, expect.stringMatching(/^SSH-2\.0/)]);
    }
  });

  test('DHCPv6 gives the board the address that its jail knows it by', async () => {
    const client = join(import.meta.dirname, 'dhcp6-client.ts');
    const { stdout } = await host.at('board1', process.execPath, client, '52:54:00:00:01:01');
    expect(JSON.parse(stdout)).toEqual({ address: 'fd5c:1ab0:1:101::100', nameServer: gateway.ipv6 });
  });

  test('nothing of it is left when the jail is gone', async () => {
    expect((await host.remove(handle, 1)).events.at(-1)).toEqual({ event: 'done' });
    // The two servers in the world are the test's own.
    expect((await host.findTraces()).filter(trace => trace !== 'process socat')).toEqual([]);
  });
});

describe('in a lab that masquerades, as is the default', () => {
  let host: JaildHost;
  beforeAll(async () => {
    host = await startWith(labYaml);
    await bringUpBoard(host);
    await waitForRouter(host);
  });
  afterAll(() => host?.stop());

  test.each(['ipv4', 'ipv6'] as const)('the world sees the lab host, and the lab host the jail: %s', async family => {
    const watch = ['tcpdump', '-n', '-l', '-i', 'lc101u', `dst host ${world[family]} and dst port 8000`];
    const capture = host.inside('timeout', '3', ...watch);
    await new Promise(resolve => setTimeout(resolve, 500));
    expect(await callWorld(host, world[family])).toEqual({ board: labHost[family], jail: labHost[family] });
    const sources = [...(await capture).stdout.matchAll(/IP6? (\S+)\.\d+ > /g)].map(match => match[1]);
    expect(sources.length).toBeGreaterThan(5);
    expect(new Set(sources)).toEqual(new Set([jail[family]]));
  });
});

describe('in a lab without IPv6', () => {
  let host: JaildHost;
  beforeAll(async () => {
    host = await startWith(labYaml.replace(/^ {2}ipv6: .*\n/m, '').replace(", '2001:db8:100::1'", ''));
    await bringUpBoard(host);
  });
  afterAll(() => host?.stop());

  test('IPv4 works as before', async () => {
    expect(await callWorld(host, world.ipv4)).toEqual({ board: labHost.ipv4, jail: labHost.ipv4 });
    expect(await lookUp(host, gateway.ipv4, 'AAAA')).toBe(world.ipv6);
  });

  test('IPv6 is off in the jail, on its uplink, and on the wire', async () => {
    const inJail = await host.ssh(
      'alice',
      jail.ipv4,
      'ip -6 -oneline address show scope global; ip -6 -oneline address show scope link',
    );
    expect(inJail.stdout).toBe('');
    const onHost = await host.inside(
      'sh',
      '-c',
      'cat /proc/sys/net/ipv6/conf/lc101[ub]/disable_ipv6; cat /proc/sys/net/ipv6/conf/all/forwarding',
    );
    expect(onHost.stdout).toBe('1\n1\n0\n');
    const { stdout } = await host.ssh('alice', jail.ipv4, 'grep -c -e enable-ra -e fd5c /etc/dnsmasq.conf');
    expect(stdout).toBe('0\n');
    const capture = await host.at('board1', 'timeout', '4', 'tcpdump', '-n', '-c', '1', '-i', 'eth0', 'icmp6[0] = 134');
    expect(capture.stdout.trim()).toBe('');
  });

  test('a jail that turns it on by itself reaches nobody', async () => {
    const turnOn = [
      'echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6',
      'ip link set eth0 down && ip link set eth0 up',
      'ip address add 2001:db8:100::66/64 dev eth0 nodad',
      // It need not ask who the lab host is: it knows from a lab with IPv6.
      'ip -6 neigh replace fe80::1 lladdr 02:6c:63:00:00:01 nud permanent dev eth0',
      'ip -6 route add default via fe80::1 dev eth0',
      'ip -6 route replace 2001:db8:100::/64 via fe80::1 dev eth0',
      'sent() { awk "/eth0:/ { print \\$11 }" /proc/net/dev; }; before=$(sent)',
      'ping -6 -c 1 -W 1 2001:db8:100::2',
      'ping -6 -c 1 -W 1 2001:db8:100::1',
      'echo "sent $(($(sent) - before))"',
    ];
    const network = '--net=/run/labcli/jaild/rockpro64-1.net';
    const { stdout } = await host.inside('nsenter', network, 'sh', '-c', turnOn.join('; '));
    expect(Number(/^sent (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThanOrEqual(2);
    expect(stdout.match(/ 100% packet loss/g)).toHaveLength(2);
  });
});
