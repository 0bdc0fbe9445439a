import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';

/**
 * dhcp6-client.ts MAC: solicits an address on eth0 as a board's firmware does (RFC 8415), and prints what was advertised as
 * JSON; null when nobody answers.
 */
const mac = Buffer.from((process.argv[2] ?? '').replaceAll(':', ''), 'hex');
const transaction = randomBytes(3);

function option(code: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const head = Buffer.alloc(4);
  head.writeUInt16BE(code, 0);
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body]);
}

function createSolicit(): Buffer {
  return Buffer.concat([
    Buffer.of(1),
    transaction,
    option(1, Buffer.of(0, 3, 0, 1), mac), // Client: a DUID that is the link-layer address
    option(3, Buffer.alloc(12)), // Wanted: a non-temporary address
    option(6, Buffer.of(0, 23)), // ... and name servers
    option(8, Buffer.of(0, 0)),
  ]);
}

function readOptions(bytes: Buffer): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16BE(at + 2);
    options.set(bytes.readUInt16BE(at), bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return options;
}

function formatAddress(bytes: Buffer | undefined): string {
  const groups = bytes?.toString('hex').match(/.{4}/g) ?? [];
  return groups.length === 8 ? new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1) : '';
}

const socket = createSocket('udp6');
const timer = setTimeout(() => {
  process.stdout.write('null\n');
  socket.close();
}, 3000);
socket.on('message', packet => {
  if (packet[0] !== 2 || !packet.subarray(1, 4).equals(transaction)) return;
  const options = readOptions(packet.subarray(4));
  const association = readOptions((options.get(3) ?? Buffer.alloc(12)).subarray(12));
  const answer = {
    address: formatAddress(association.get(5)?.subarray(0, 16)),
    nameServer: formatAddress(options.get(23)?.subarray(0, 16)),
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  clearTimeout(timer);
  socket.close();
});
socket.bind(546, () => socket.send(createSolicit(), 547, 'ff02::1:2%eth0'));
