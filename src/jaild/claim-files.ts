import type { JailSettings } from '../config/lab-config.ts';
import type { BoardNetwork } from '../lab/board.ts';
import { renderExports } from './file-server-exports.ts';
import type { JailSpec } from './jail-layout.ts';
import { renderJailRules } from './parts/uplink.ts';
import type { RenderTemplate } from './template.ts';

export interface RenderedFile {
  /** Without the leading slash. */
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

/** Where a jail has the set-up of its board's class. */
export const setupPath = 'etc/lab-setup';

/** Every file of a jail that depends on the board and its lab. `setup` is the script of the board's class. All belong to the jail's root. What changes with the claim: follow-claim.ts. */
export function renderClaimFiles(
  { board, boot }: Pick<JailSpec, 'board' | 'boot'>,
  settings: JailSettings,
  render: RenderTemplate,
  setup?: string,
): RenderedFile[] {
  const { handle, mac, network, architecture } = board;
  const { nameservers } = settings;
  const netmask = formatNetmask(network.prefixLength);
  const ipv6 = network.ipv6 ?? null;
  const isArm64 = architecture === 'arm64';
  const netboot = { handle, mac, isArm64, architecture, boot, ...network, ipv6, netmask, nameservers };
  const readable = (path: string, content: string) => ({ path, content, mode: 0o644 });
  return [
    readable('etc/hostname', `${handle}\n`),
    readable('etc/hosts', renderHosts(handle, network)),
    readable('etc/resolv.conf', nameservers.map(address => `nameserver ${address}\n`).join('')),
    readable('etc/dnsmasq.conf', render('dnsmasq.conf', netboot)),
    readable('etc/nftables.conf', renderJailRules(handle, render)),
    readable('etc/exports', renderExports(network, render)),
    readable('etc/ssh/sshd_config', render('sshd_config', {})),
    ...(setup === undefined ? [] : [{ path: setupPath, content: setup, mode: 0o755 }]),
  ];
}

function renderHosts(handle: string, { jailAddress, boardAddress, ipv6 }: BoardNetwork): string {
  const lines = ['127.0.0.1 localhost', '::1 localhost', `${jailAddress} ${handle}`, `${boardAddress} board`];
  if (ipv6) lines.push(`${ipv6.jailAddress} ${handle}`, `${ipv6.boardAddress} board`);
  return `${lines.join('\n')}\n`;
}

/** 24 is 255.255.255.0. */
export function formatNetmask(prefixLength: number): string {
  const bits = prefixLength === 0 ? 0 : (0xffff_ffff << (32 - prefixLength)) >>> 0;
  return [24, 16, 8, 0].map(shift => (bits >>> shift) & 0xff).join('.');
}
