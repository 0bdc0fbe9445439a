import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';

/**
 * dhcp-client.ts MAC [ARCHITECTURE [CLIENT]]: asks for an address as a board's firmware does, on the interface that the default
 * route goes through, and prints what it was offered (RFC 2131, RFC 2132) as JSON. ARCHITECTURE is a number of RFC 4578 and
 * IANA's registry (22, if none is told: U-Boot on arm64), or `none`; CLIENT is PXEClient, HTTPClient or iPXE.
 */
const [macText = '', architecture = '22', client = ''] = process.argv.slice(2);
const mac = Buffer.from(macText.replaceAll(':', ''), 'hex');
const transaction = randomBytes(4);
const magicCookie = Buffer.from([99, 130, 83, 99]);

function textOption(code: number, text: string): number[] {
  return [code, text.length, ...Buffer.from(text, 'latin1')];
}

function createDiscover(): Buffer {
  const packet = Buffer.alloc(236);
  // BOOTREQUEST, Ethernet, 6 bytes of address; the broadcast flag, for there is no address to answer to.
  packet.set([1, 1, 6, 0]);
  packet.set(transaction, 4);
  packet.writeUInt16BE(0x8000, 10);
  packet.set(mac, 28);
  const options = [
    [53, 1, 1], // DHCPDISCOVER
    architecture === 'none' ? [] : [93, 2, 0, Number(architecture)],
    [55, 8, 1, 3, 6, 12, 17, 60, 66, 67], // wanted: netmask, router, name server, host name, root path, what to boot
    client === 'iPXE' ? [...textOption(77, 'iPXE'), 175, 3, 0xb1, 1, 1] : [],
    client.endsWith('Client') ? textOption(60, `${client}:Arch:${architecture.padStart(5, '0')}:UNDI:003001`) : [],
    [255],
  ];
  return Buffer.concat([packet, magicCookie, Buffer.from(options.flat())]);
}

function parseOffer(packet: Buffer): object {
  const options = new Map<number, Buffer>();
  for (let at = 240; at < packet.length && packet[at] !== 255; ) {
    const length = packet[at + 1] ?? 0;
    options.set(packet[at] ?? 0, packet.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  const text = (start: number, length: number) =>
    packet.toString('latin1', start, start + length).replace(/\0.*$/s, '');
  const address = (bytes: Buffer | undefined) => [...(bytes ?? [])].join('.');
  const vendorClass = options.get(60)?.toString();
  return {
    address: address(packet.subarray(16, 20)),
    server: address(packet.subarray(20, 24)),
    bootFile: options.get(67)?.toString().replace(/\0$/, '') ?? text(108, 128),
    netmask: address(options.get(1)),
    router: address(options.get(3)),
    nameServer: address(options.get(6)),
    hostName: options.get(12)?.toString(),
    rootPath: options.get(17)?.toString(),
    ...(vendorClass === undefined ? {} : { vendorClass }),
  };
}

const socket = createSocket('udp4');
const timer = setTimeout(() => {
  process.stdout.write('null\n');
  socket.close();
}, 2000);
socket.on('message', packet => {
  if (packet[0] !== 2 || !packet.subarray(4, 8).equals(transaction)) return;
  process.stdout.write(`${JSON.stringify(parseOffer(packet))}\n`);
  clearTimeout(timer);
  socket.close();
});
socket.bind(68, () => {
  socket.setBroadcast(true);
  socket.send(createDiscover(), 67, '255.255.255.255');
});
