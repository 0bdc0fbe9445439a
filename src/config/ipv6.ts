import { isIPv6 } from 'node:net';

/** An IPv6 network: its first address as a number, and its prefix length. */
export interface Subnet6 {
  readonly first: bigint;
  readonly prefixLength: number;
}

/** Undefined when `text` is not an IPv6 address, or has a zone or a dotted tail. */
export function parseIpv6(text: string): bigint | undefined {
  if (!isIPv6(text) || /[%.]/.test(text)) return undefined;
  const [head = '', tail] = text.split('::');
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const before = groups(head);
  const after = groups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((address, group) => (address << 16n) | BigInt(`0x${group}`), 0n);
}

/** The form of RFC 5952: small letters, the longest run of two or more zero groups as `::`. */
export function formatIpv6(address: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => (address >> BigInt(16 * (7 - index))) & 0xffffn);
  const text = groups.map(group => group.toString(16)).join(':');
  const runs = [...text.matchAll(/(?<![^:])0(?::0)+(?![^:])/g)];
  const longest = runs.toSorted((a, b) => b[0].length - a[0].length)[0];
  if (!longest) return text;
  const before = text.slice(0, longest.index).replace(/:$/, '');
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, '');
  return `${before}::${after}`;
}

/** The network, or a sentence about what is wrong with `text`. */
export function parseSubnet6(text: string): Subnet6 | string {
  const [, host = '', length = ''] = /^([^/]*)\/(\d{1,3})$/.exec(text) ?? [];
  const address = parseIpv6(host);
  const prefixLength = Number(length);
  if (address === undefined || prefixLength > 128) return `"${text}" is not an IPv6 network such as fd5c:1ab0:1::/48`;
  const bits = BigInt(128 - prefixLength);
  const subnet = { first: (address >> bits) << bits, prefixLength };
  if (subnet.first !== address) {
    return `${text} is not the first address of its network; did you mean ${formatSubnet6(subnet)}?`;
  }
  return subnet;
}

export function formatSubnet6({ first, prefixLength }: Subnet6): string {
  return `${formatIpv6(first)}/${prefixLength}`;
}
