/** An IPv4 network: its first address as a number, and its prefix length. */
export interface Subnet {
  readonly first: number;
  readonly prefixLength: number;
}

const dotted = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

/** Undefined when `text` is not four decimal numbers of 0 to 255 without leading zeros (which some programs read as octal). */
export function parseIpv4(text: string): number | undefined {
  const bytes = dotted.exec(text)?.slice(1).map(Number);
  if (!bytes || bytes.some(byte => byte > 255)) return undefined;
  return bytes.reduce((address, byte) => address * 256 + byte, 0);
}

export function formatIpv4(address: number): string {
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join('.');
}

/** The network, or a sentence about what is wrong with `text`. */
export function parseSubnet(text: string): Subnet | string {
  const [, host = '', length = ''] = /^([^/]*)\/(\d{1,2})$/.exec(text) ?? [];
  const address = parseIpv4(host);
  const prefixLength = Number(length);
  if (address === undefined || prefixLength > 32) return `"${text}" is not an IPv4 network such as 10.96.0.0/12`;
  const subnet = { first: address - (address % 2 ** (32 - prefixLength)), prefixLength };
  if (subnet.first !== address) {
    return `${text} is not the first address of its network; did you mean ${formatSubnet(subnet)}?`;
  }
  return subnet;
}

export function formatSubnet({ first, prefixLength }: Subnet): string {
  return `${formatIpv4(first)}/${prefixLength}`;
}

export function countAddresses({ prefixLength }: Subnet): number {
  return 2 ** (32 - prefixLength);
}

export function overlap(a: Subnet, b: Subnet): boolean {
  return a.first < b.first + countAddresses(b) && b.first < a.first + countAddresses(a);
}
