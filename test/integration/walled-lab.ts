import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Addresses } from './frames.ts';
import { type JaildHost, startJaildHost } from './jaild-host.ts';

/** A lab with two jails and their boards, a management network, and a world with addresses of all kinds, to attack. */
export const labYaml = readFileSync(join(import.meta.dirname, '../../lab.yaml'), 'utf8')
  .replace('52:54:00:00:01:65', '52:54:00:00:01:01')
  .replace('52:54:00:00:01:66', '52:54:00:00:01:02')
  .replace("'2001:db8:100::1']", "'2001:db8:100::1', 10.53.53.53, 198.51.100.2]");
const claim = { epoch: 1, user: 'alice', expiresAtMs: Date.UTC(2031, 4, 4) };
export const jail = { ipv4: '10.77.0.101', ipv6: 'fd5c:1ab0:1::101' };
export const otherJail = { ipv4: '10.77.0.102', ipv6: 'fd5c:1ab0:1::102' };
export const world = { ipv4: '198.51.100.1', ipv6: '2001:db8:100::1' };
export const labHost = { ipv4: '198.51.100.2', ipv6: '2001:db8:100::2' };
export const uplinkMac: Addresses = { from: '02:6c:63:00:00:02', to: '02:6c:63:00:00:01' };
export const boardMac = '52:54:00:00:01:01';
export const privateAddresses = ['10.1.2.3', '172.16.9.9', '192.168.7.7', '100.64.1.1', '169.254.9.9', 'fd99::9'];
export const publicAddresses = ['203.0.113.9', '2001:db8:9::9'];

export type Place = 'jail1' | 'jail2' | 'board1' | 'board2' | 'wan' | 'management' | 'host';

export let host: JaildHost;

export function runAt(place: Place, ...command: readonly string[]) {
  if (place === 'host') return host.inside(...command);
  const jails = { jail1: 'rockpro64-1', jail2: 'rockpro64-2' } as const;
  const isJail = place === 'jail1' || place === 'jail2';
  const network = isJail ? `/run/labcli/jaild/${jails[place]}.net` : `/run/netns/${place}`;
  return host.inside('nsenter', `--net=${network}`, ...command);
}

export async function shell(place: Place, ...lines: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runAt(place, 'sh', '-ec', lines.join('\n'));
  if (code !== 0) throw new Error(`${place}: ${stderr}`);
  return stdout;
}

export async function send(place: Place, networkInterface: string, ...frames: readonly string[]): Promise<void> {
  const script = join(import.meta.dirname, 'send-frames.pl');
  const { code, stderr } = await runAt(place, 'perl', script, networkInterface, ...frames);
  expect([code, stderr]).toEqual([0, '']);
}

/** Notes which packets come by: in the world before anything is done with them, on the lab host once the wall let them pass. */
const watches: Readonly<Partial<Record<Place, string>>> = {
  wan: `table inet watch {
    set ports { typeof iifname . th dport; flags dynamic; }
    set errors { typeof iifname . icmp type; flags dynamic; }
    set errors6 { typeof iifname . icmpv6 type; flags dynamic; }
    chain arrived { type filter hook prerouting priority -350; meta l4proto { tcp, udp } update @ports { iifname . th dport };
      update @errors { iifname . icmp type }; update @errors6 { iifname . icmpv6 type }; }
  }`,
  host: `table inet watch {
    set ports { typeof iifname . th dport; flags dynamic; }
    set passed { typeof iifname . th dport; flags dynamic; }
    set messages { typeof iifname . icmp type; flags dynamic; }
    set messages6 { typeof iifname . icmpv6 type; flags dynamic; }
    chain passed { type filter hook prerouting priority -250; meta l4proto { tcp, udp } update @passed { iifname . th dport };
      update @messages { iifname . icmp type }; update @messages6 { iifname . icmpv6 type }; }
    set errors { typeof iifname . icmp type; flags dynamic; }
    set errors6 { typeof iifname . icmpv6 type; flags dynamic; }
    chain delivered { type filter hook input priority 50; meta l4proto { tcp, udp } update @ports { iifname . th dport };
      update @errors { iifname . icmp type }; update @errors6 { iifname . icmpv6 type }; }
  }`,
};

/** The ports (or types of messages) that were noted since the last time, for an interface. */
export async function noted(place: Place, networkInterface: string, set: string): Promise<number[]> {
  const listed = await runAt(place, 'nft', '--json', '--numeric', 'list', 'set', 'inet', 'watch', set);
  await runAt(place, 'nft', 'flush', 'set', 'inet', 'watch', set);
  const { nftables } = JSON.parse(listed.stdout) as { nftables: { set?: { elem?: { concat: [string, number] }[] } }[] };
  const elements = nftables.flatMap(({ set: content }) => content?.elem ?? []);
  return elements.flatMap(({ concat: [name, value] }) => (name === networkInterface ? [Number(value)] : [])).sort();
}

export async function forget(): Promise<void> {
  for (const place of ['wan', 'host'] as const) {
    for (const set of ['ports', 'passed', 'messages', 'messages6', 'errors', 'errors6']) {
      await runAt(place, 'nft', 'flush', 'set', 'inet', 'watch', set);
    }
  }
}

export async function canConnect(place: Place, address: string, port: number): Promise<boolean> {
  const target = address.includes(':') ? `TCP6:[${address}]` : `TCP4:${address}`;
  const { code } = await runAt(place, 'socat', '-u', '/dev/null', `${target}:${port},connect-timeout=1`);
  return code === 0;
}

export async function connections(place: Place, targets: readonly string[], port: number): Promise<string[]> {
  const outcomes = await Promise.all(targets.map(target => canConnect(place, target, port)));
  return targets.filter((_target, index) => outcomes[index]);
}

export async function startLab(yaml: string): Promise<void> {
  host = await startJaildHost(yaml);
  await host.startJaild();
  for (const board of ['rockpro64-1', 'rockpro64-2']) {
    expect((await host.build(board, claim)).events.at(-1)).toEqual({ event: 'done' });
  }
  // The management network, with a switch in it, and addresses of all kinds in the world.
  await shell(
    'host',
    'ip netns add management',
    'ip link add mgmt0 type veth peer name eth0 netns management',
    'ip address add 192.0.2.1/24 dev mgmt0 && ip address add fd77::1/64 dev mgmt0 nodad && ip link set mgmt0 up',
  );
  await shell(
    'management',
    'ip link set lo up',
    'ip address add 192.0.2.10/24 dev eth0',
    'ip address add fd77::10/64 dev eth0 nodad',
    'ip link set eth0 up',
  );
  await shell('management', 'ip route add default via 192.0.2.1', 'ip route add default via fd77::1');
  await shell(
    'wan',
    ...[...privateAddresses, ...publicAddresses, '10.53.53.53'].map(each => `ip address add ${each} dev lo`),
  );
  const serve = (port: number) =>
    ['TCP4-LISTEN', 'TCP6-LISTEN,ipv6only=1'].map(kind => {
      const [listen, option = 'reuseaddr'] = kind.split(',');
      return `socat -u ${listen}:${port},fork,reuseaddr,${option} /dev/null >/dev/null 2>&1 &`;
    });
  for (const place of ['host', 'wan', 'management'] as const) await shell(place, ...serve(8000));
  const answers =
    '--conf-file=/dev/null --user=root --no-resolv --no-hosts --bind-interfaces --address=/world.example/198.51.100.1';
  await shell('host', `/run/world-dns ${answers} --pid-file= --listen-address=198.51.100.2 --except-interface=lo`);
  for (const [place, rules] of Object.entries(watches)) {
    await runAt(place as Place, 'nft', rules);
  }
  for (const number of [1, 2]) {
    await shell(
      `board${number as 1 | 2}`,
      `ip address replace 10.96.10${number}.100/24 dev eth0`,
      `ip route replace default via 10.96.10${number}.1`,
      `ip address replace fd5c:1ab0:1:10${number}::100/64 dev eth0 nodad`,
      `ip route replace default via fd5c:1ab0:1:10${number}::1`,
    );
  }
}
