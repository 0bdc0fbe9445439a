import { changed, good, load, mistakesOf } from './lab-under-test.ts';

test("a board's own network is used instead of the pool's", () => {
  const config = load(changed(['port: 2 }', 'port: 2 }\n    subnet: 192.168.7.0/24']));
  expect(config.boards[1]?.network).toMatchObject({
    subnet: '192.168.7.0',
    gateway: '192.168.7.1',
    boardAddress: '192.168.7.100',
  });
});

test('a lab has IPv6 when it has a network for it, and each board a /64 that is named after its VLAN', () => {
  expect(load(good).boards[0]?.network).not.toHaveProperty('ipv6');
  const config = load(changed(['10.77.0.0/16\n', '10.77.0.0/16\n  ipv6: fd5c:1ab0:1::/48\n']));
  expect(config.boards[0]?.network.ipv6).toEqual({
    jailAddress: 'fd5c:1ab0:1::101',
    gateway: 'fd5c:1ab0:1:101::1',
    subnet: 'fd5c:1ab0:1:101::',
    boardAddress: 'fd5c:1ab0:1:101::100',
  });
});

test('private networks are denied to jails unless lab.yaml lists others', () => {
  expect(load(good).jails).toMatchObject({
    deny: [
      ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16'],
      ...['fe80::/10', 'fc00::/7'],
    ],
    masquerade: ['ipv4', 'ipv6'],
  });
  const config = load(
    changed(['uplink: wan0', 'uplink: wan0\n  deny: [192.0.2.0/24, 2001:db8::/32]\n  masquerade: []']),
  );
  expect(config.jails).toMatchObject({ deny: ['192.0.2.0/24', '2001:db8::/32'], masquerade: [] });
});

test.each([
  ['ipv6: fd5c:1ab0:1::/56', 'networks.ipv6: fd5c:1ab0:1::/56 is not a /48: each board'],
  ['ipv6: fd5c::1/48', 'networks.ipv6: fd5c::1/48 is not the first address of its network; did you mean fd5c::/48?'],
  [
    'ipv6: ff02::/48',
    'networks.ipv6: ff02::/48 is neither a global network (2000::/3) nor a unique local one (fd00::/8)',
  ],
])('%s is refused', (line, sentence) => {
  expect(mistakesOf(changed(['10.77.0.0/16\n', `10.77.0.0/16\n  ${line}\n`]))).toContain(sentence);
});

test.each([
  ['deny: [10.0.0.0/33]', 'jails.deny[0]: "10.0.0.0/33" is not an IPv4 network'],
  ['deny: [fc00::/129]', 'jails.deny[0]: "fc00::/129" is not an IPv6 network'],
  ['deny: ["10.0.0.0/8 accept #"]', 'jails.deny[0]: "10.0.0.0/8 accept #" is not an IPv4 network'],
  ['deny: ["fc00::/7 accept #"]', 'jails.deny[0]: "fc00::/7 accept #" is not an IPv6 network'],
  ['masquerade: [ip]', 'jails.masquerade[0]: this must be ipv4 or ipv6'],
])('%s is refused', (line, sentence) => {
  expect(mistakesOf(changed(['uplink: wan0', `uplink: wan0\n  ${line}`]))).toContain(sentence);
});

test('a name server of a family that jails do not have is refused', () => {
  expect(mistakesOf(changed(['[198.51.100.1]', "['2001:db8::1']"]))).toContain('jails have no IPv6');
});
