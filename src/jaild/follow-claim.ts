import { chownSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Board } from '../lab/board.ts';
import { formatMoment } from '../lab/format-moment.ts';
import type { HostAuthority } from './host-authority.ts';
import type { JailLayout, JailSpec } from './jail-layout.ts';
import type { JailClaim } from './part.ts';
import { keepSshKey } from './ssh-key.ts';
import type { RenderTemplate } from './template.ts';

/**
 * Writes what a jail must follow while it lives: whose keys open it, until when its host key is vouched for, and what the
 * message of the day says of that. sshd reads all of it anew for each connection. The folder is the jail's to read only.
 */
export function followClaim(
  { board }: JailSpec,
  layout: JailLayout,
  { authority, render }: { readonly authority: HostAuthority; readonly render: RenderTemplate },
  { epoch, user, expiresAtMs, logins }: JailClaim,
): void {
  const { handle, network } = board;
  const certificate = authority.certify(keepSshKey(layout.hostPrivateKey), {
    keyId: `${handle} epoch ${epoch}`,
    names: [handle, network.jailAddress],
    expiresAtMs,
  });
  // sshd trusts keys only in folders and files of its own root, which has no uid 0 of the host.
  const replace = (path: string, content: string) => replaceFile(path, content, board.uidBase);
  chownSync(layout.hostKeyView, board.uidBase, board.uidBase);
  replace(layout.hostCertificate, `${certificate}\n`);
  replace(join(layout.hostKeyView, 'authorized_keys'), logins.map(key => `${key}\n`).join(''));
  replace(join(layout.hostKeyView, 'motd'), renderMotd(board, { user, expiresAtMs }, render));
}

export function renderMotd(
  { handle, network, vlan }: Board,
  { user, expiresAtMs }: Pick<JailClaim, 'user' | 'expiresAtMs'>,
  render: RenderTemplate,
): string {
  const expiry = formatMoment(expiresAtMs);
  return render('motd', { handle, vlan, ...network, ipv6: network.ipv6 ?? null, user, expiry });
}

/** Whoever reads it meanwhile has the old one or the new one. */
function replaceFile(path: string, content: string, owner: number): void {
  writeFileSync(`${path}.new`, content, { mode: 0o644 });
  chownSync(`${path}.new`, owner, owner);
  renameSync(`${path}.new`, path);
}
