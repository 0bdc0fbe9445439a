import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { formatIpv6, formatSubnet6, parseIpv6, parseSubnet6 } from './ipv6.ts';

test.each([
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['fd5c:1ab0:0001:0101::0100', 'fd5c:1ab0:1:101::100'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['10:0:0:20:0:0:1:0', '10::20:0:0:1:0'],
])('%s is written %s (RFC 5952)', (text, written) => {
  expect(formatIpv6(parseIpv6(text) ?? -1n)).toBe(written);
});

test('every address is read back as it was written', () => {
  const group = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 0xffffn }));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), groups => {
      const address = groups.reduce((all, one) => (all << 16n) | one, 0n);
      const text = formatIpv6(address);
      expect([isIPv6(text), parseIpv6(text)]).toEqual([true, address]);
    }),
  );
});

test.each(['', '1.2.3.4', '::ffff:1.2.3.4', 'fe80::1%eth0', '1:2:3', 'g::', '1::2::3'])('%j is no address', text => {
  expect(parseIpv6(text)).toBeUndefined();
});

test.each([
  ['fd5c:1ab0:1::/129', '"fd5c:1ab0:1::/129" is not an IPv6 network such as fd5c:1ab0:1::/48'],
  ['10.0.0.0/8', '"10.0.0.0/8" is not an IPv6 network such as fd5c:1ab0:1::/48'],
  ['fd5c:1ab0:1::1/48', 'fd5c:1ab0:1::1/48 is not the first address of its network; did you mean fd5c:1ab0:1::/48?'],
])('%s: %s', (text, sentence) => {
  expect(parseSubnet6(text)).toBe(sentence);
});

test('a network is read back as it was written', () => {
  const subnet = parseSubnet6('fc00::/7');
  expect(typeof subnet === 'string' ? subnet : formatSubnet6(subnet)).toBe('fc00::/7');
});
