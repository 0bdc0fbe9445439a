import { parseIpv4 } from '../../src/config/ipv4.ts';
import { parseIpv6 } from '../../src/config/ipv6.ts';

/** Ethernet frames as an attacker makes them: every field can be a lie. */
export interface Addresses {
  readonly from: string;
  readonly to: string;
}

export interface PacketOptions {
  /** IPv4 options, a multiple of four bytes. */
  readonly options?: readonly number[];
  /** An IPv6 extension header before the payload: its number and its bytes, in which the first will be the next header. */
  readonly extension?: { readonly header: number; readonly bytes: readonly number[] };
  readonly hopLimit?: number;
}

export const broadcast = 'ff:ff:ff:ff:ff:ff';

export function ethernet(
  mac: Addresses,
  content: Buffer,
  tags: readonly (readonly [type: number, vlan: number])[] = [],
) {
  const bytes = (address: string) => Buffer.from(address.replaceAll(':', ''), 'hex');
  const isIpv6 = content[0] !== undefined && content[0] >> 4 === 6;
  const tagBytes = tags.flatMap(([type, vlan]) => [...uint16(type), ...uint16(vlan)]);
  const type = isIpv6 ? [0x86, 0xdd] : [0x08, 0x00];
  return Buffer.concat([bytes(mac.to), bytes(mac.from), Buffer.from([...tagBytes, ...type]), content]).toString('hex');
}

export function udp(ip: Addresses, port: number, options: PacketOptions = {}): Buffer {
  const text = Buffer.from('attack!!');
  const segment = Buffer.concat([
    Buffer.from([...uint16(port), ...uint16(port), ...uint16(8 + text.length), 0, 0]),
    text,
  ]);
  return packet(ip, 17, segment, 6, options);
}

export function tcpReset(ip: Addresses, port: number): Buffer {
  const segment = Buffer.alloc(20);
  segment.writeUInt16BE(port, 0);
  segment.writeUInt16BE(port, 2);
  segment.writeUInt32BE(1, 4);
  segment.set([0x50, 0x04], 12);
  return packet(ip, 6, segment, 16);
}

/** ICMP or ICMPv6, by the family of the addresses. */
export function icmp(ip: Addresses, type: number, code: number, body: Uint8Array, options: PacketOptions = {}): Buffer {
  const segment = Buffer.concat([Buffer.of(type, code, 0, 0), body]);
  return packet(ip, ip.from.includes(':') ? 58 : 1, segment, 2, options);
}

/** RFC 4861 section 4.2: the sender is a router for half an hour, and `prefix`/64 is on the link. */
export function routerAdvertisement(prefix: string): Buffer {
  const lifetime = [0, 0, 0x0e, 0x10];
  const option = Buffer.concat([Buffer.of(3, 4, 64, 0xc0, ...lifetime, ...lifetime, 0, 0, 0, 0), addressBytes(prefix)]);
  return Buffer.concat([Buffer.of(64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0), option]);
}

export function addressBytes(text: string): Buffer {
  if (!text.includes(':')) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(parseIpv4(text) ?? 0);
    return bytes;
  }
  return Buffer.from((parseIpv6(text) ?? 0n).toString(16).padStart(32, '0'), 'hex');
}

function packet(ip: Addresses, protocol: number, segment: Buffer, sumAt: number, options: PacketOptions = {}): Buffer {
  const isIpv6 = ip.from.includes(':');
  const ends = Buffer.concat([addressBytes(ip.from), addressBytes(ip.to)]);
  const length = isIpv6
    ? [0, 0, ...uint16(segment.length), 0, 0, 0, protocol]
    : [0, protocol, ...uint16(segment.length)];
  // ICMP for IPv4 has no addresses in its checksum.
  const pseudo = protocol === 1 ? Buffer.alloc(0) : Buffer.concat([ends, Buffer.from(length)]);
  segment.writeUInt16BE(checksum(Buffer.concat([pseudo, segment])), sumAt);
  const { options: words = [], extension, hopLimit = 64 } = options;
  if (isIpv6) {
    const extra = extension ? Buffer.from([protocol, ...extension.bytes.slice(1)]) : Buffer.alloc(0);
    const size = uint16(extra.length + segment.length);
    const head = Buffer.from([0x60, 0, 0, 0, ...size, extension?.header ?? protocol, hopLimit]);
    return Buffer.concat([head, ends, extra, segment]);
  }
  const headLength = 20 + words.length;
  const size = uint16(headLength + segment.length);
  const start = [0x40 + headLength / 4, 0, ...size, 0, 0, 0, 0, hopLimit, protocol, 0, 0];
  const head = Buffer.concat([Buffer.from(start), ends, Buffer.from(words)]);
  head.writeUInt16BE(checksum(head), 10);
  return Buffer.concat([head, segment]);
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function uint16(value: number): readonly [number, number] {
  return [value >> 8, value & 255];
}
