import type { JailSettings } from '../config/lab-config.ts';
import type { Board } from '../lab/board.ts';
import { renderExports } from './file-server-exports.ts';
import type { RenderTemplate } from './template.ts';

export interface RenderedFile {
  /** Without the leading slash. */
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

/** Every file of a jail that depends on the board and its lab. All belong to the jail's root. What changes with the claim: follow-claim.ts. */
export function renderClaimFiles(board: Board, settings: JailSettings, render: RenderTemplate): RenderedFile[] {
  const { handle, mac, network } = board;
  const { nameservers } = settings;
  const netmask = formatNetmask(network.prefixLength);
  const readable = (path: string, content: string) => ({ path, content, mode: 0o644 });
  return [
    readable('etc/hostname', `${handle}\n`),
    readable('etc/hosts', `127.0.0.1 localhost\n${network.jailAddress} ${handle}\n${network.boardAddress} board\n`),
    readable('etc/resolv.conf', nameservers.map(address => `nameserver ${address}\n`).join('')),
    readable('etc/dnsmasq.conf', render('dnsmasq.conf', { handle, mac, ...network, netmask, nameservers })),
    readable('etc/exports', renderExports(network, render)),
    readable('etc/ssh/sshd_config', render('sshd_config', {})),
  ];
}

/** 24 is 255.255.255.0. */
export function formatNetmask(prefixLength: number): string {
  const bits = prefixLength === 0 ? 0 : (0xffff_ffff << (32 - prefixLength)) >>> 0;
  return [24, 16, 8, 0].map(shift => (bits >>> shift) & 0xff).join('.');
}
