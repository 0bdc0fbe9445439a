/** Ethernet frames as bytes on a cable: written and read by the tests themselves, so that no kernel has a say in the tags. */

export interface Tag {
  /** 0x8100 is 802.1Q, 0x88a8 is 802.1ad. */
  readonly protocol: number;
  readonly vlan: number;
}

export interface Frame {
  readonly destination: string;
  readonly source: string;
  /** The outermost first. */
  readonly tags: readonly Tag[];
  readonly etherType: number;
  readonly payload: Buffer;
}

export const broadcast = 'ff:ff:ff:ff:ff:ff';
const tagProtocols = [0x8100, 0x88a8];
const arp = 0x0806;
const ipv4 = 0x0800;

export function tagged(...vlans: readonly number[]): Tag[] {
  return vlans.map(vlan => ({ protocol: 0x8100, vlan }));
}

export function encodeFrame({ destination, source, tags, etherType, payload }: Frame): Buffer {
  const words = [...tags.flatMap(({ protocol, vlan }) => [protocol, vlan]), etherType];
  const header = Buffer.alloc(words.length * 2);
  words.forEach((word, index) => {
    header.writeUInt16BE(word, index * 2);
  });
  return Buffer.concat([macBytes(destination), macBytes(source), header, payload]);
}

export function decodeFrame(bytes: Buffer): Frame {
  const tags: Tag[] = [];
  let at = 12;
  while (tagProtocols.includes(bytes.readUInt16BE(at))) {
    tags.push({ protocol: bytes.readUInt16BE(at), vlan: bytes.readUInt16BE(at + 2) & 0xfff });
    at += 4;
  }
  return {
    destination: macText(bytes.subarray(0, 6)),
    source: macText(bytes.subarray(6, 12)),
    tags,
    etherType: bytes.readUInt16BE(at),
    payload: bytes.subarray(at + 2),
  };
}

export interface Station {
  readonly mac: string;
  readonly address: string;
}

/** Asks who has an address (RFC 826). */
export function createArpRequest(from: Station, address: string, tags: readonly Tag[]): Frame {
  // Ethernet, IPv4, their lengths, request.
  const head = Buffer.from([0, 1, 8, 0, 6, 4, 0, 1]);
  const asked = Buffer.concat([Buffer.alloc(6), ipBytes(address)]);
  const payload = Buffer.concat([head, macBytes(from.mac), ipBytes(from.address), asked]);
  return { destination: broadcast, source: from.mac, tags, etherType: arp, payload };
}

/** The addresses of an ARP message, or undefined. */
export function readArp({ etherType, payload }: Frame) {
  if (etherType !== arp || payload.length < 28) return undefined;
  const operation = payload.readUInt16BE(6) === 1 ? 'request' : 'reply';
  return { operation, sender: ipText(payload.subarray(14, 18)), target: ipText(payload.subarray(24, 28)) } as const;
}

/** ICMP echo request (RFC 792) whose IP packet is `size` bytes long and must not be cut. */
export function createEcho(from: Station, to: Station, size: number, tags: readonly Tag[]): Frame {
  const ip = Buffer.alloc(20);
  ip.set([0x45, 0]);
  ip.writeUInt16BE(size, 2);
  ip.set([0x40, 0, 64, 1], 6);
  ip.set(ipBytes(from.address), 12);
  ip.set(ipBytes(to.address), 16);
  ip.writeUInt16BE(checksum(ip), 10);
  const echo = Buffer.alloc(size - 20, 0x2a);
  echo.set([8, 0, 0, 0, 0, 1, 0, 1]);
  echo.writeUInt16BE(checksum(echo), 2);
  return { destination: to.mac, source: from.mac, tags, etherType: ipv4, payload: Buffer.concat([ip, echo]) };
}

/** An IPv4 packet that was not cut: its protocol, its size, and whether the checksum of a UDP or ICMP message is right. */
export function readPacket({ etherType, payload }: Frame) {
  if (etherType !== ipv4) return undefined;
  const size = payload.readUInt16BE(2);
  const protocol = payload[9] ?? 0;
  const message = payload.subarray(20, size);
  // UDP's has a pseudo header (RFC 768): both addresses, the protocol, the length.
  const pseudo = protocol === 17 ? Buffer.from([...payload.subarray(12, 20), 0, protocol, 0, 0]) : Buffer.alloc(0);
  if (protocol === 17) pseudo.writeUInt16BE(message.length, 10);
  return { protocol, size, message, isIntact: checksum(Buffer.concat([pseudo, message])) === 0 };
}

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  const even = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
  let sum = 0;
  for (let at = 0; at < even.length; at += 2) sum += even.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const macBytes = (text: string) => Buffer.from(text.replaceAll(':', ''), 'hex');
const macText = (bytes: Buffer) => [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join(':');
const ipBytes = (text: string) => Buffer.from(text.split('.').map(Number));
const ipText = (bytes: Buffer) => bytes.join('.');
