import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { paths } from '../../system/paths.ts';
import { pathOfBase } from '../bases.ts';
import type { JailLayout, JailSpec } from '../jail-layout.ts';
import { readMounts, unmount } from '../mounts.ts';
import { absent, broken, type Part, present } from '../part.ts';
import { type BindView, pinNamespaces } from '../pin-namespaces.ts';

/**
 * The jail's user and network namespaces, and the views of what is shared by all jails: the base and the boot files with the
 * jail's uids, and the folder of the jail's sockets. One program makes all of it, for it takes 15 ms to start.
 */
export function createNamespaces(spec: JailSpec, layout: JailLayout): Part {
  const { board, boot, nestedNamespaces } = spec;
  const views: BindView[] = [
    { source: pathOfBase(spec.base), target: layout.baseView, flags: ['idmap', 'ro', 'nodev'] },
    {
      source: join(paths.jailSockets, board.handle),
      target: layout.socketsView,
      flags: ['nosuid', 'nodev', 'noexec'],
    },
  ];
  if (boot !== null) {
    const source = join(paths.bootFiles, boot, 'tftp');
    views.push({ source, target: layout.tftpView, flags: ['idmap', 'ro', 'nosuid', 'nodev', 'noexec'] });
  }
  const pins = [layout.userPin, layout.netPin];
  const targets = [...pins, ...views.map(view => view.target)];

  return {
    name: 'namespaces',
    needs: ['directory'],
    async inspect() {
      const mounted = new Set(readMounts().map(mount => mount.mountPoint));
      const missing = targets.filter(target => !mounted.has(target));
      if (missing.length === 0) return present;
      if (missing.length < targets.length || pins.some(existsSync)) return broken(`not mounted: ${missing.join(', ')}`);
      return absent;
    },
    create: () =>
      pinNamespaces(
        nestedNamespaces ? 'make-nesting' : 'make',
        board.uidBase,
        layout,
        views,
        networkSettings(board.network.ipv6 !== undefined),
      ),
    async remove() {
      await unmount(...targets);
      for (const pin of pins) rmSync(pin, { force: true });
    },
  };
}

/**
 * The jail forwards for its board. Its interfaces are born later and take what is `default` here: they heed nobody's
 * router advertisements and redirects, and have IPv6 only where lab.yaml has networks for it.
 */
function networkSettings(hasIpv6: boolean): Record<string, number> {
  const ipv4 = {
    'ipv4/ip_forward': 1,
    'ipv4/conf/all/accept_redirects': 0,
    'ipv4/conf/default/accept_redirects': 0,
    'ipv4/conf/all/accept_source_route': 0,
  };
  if (!existsSync('/proc/sys/net/ipv6')) return ipv4;
  if (!hasIpv6) return { ...ipv4, 'ipv6/conf/default/disable_ipv6': 1 };
  return {
    ...ipv4,
    'ipv6/conf/all/forwarding': 1,
    'ipv6/conf/default/accept_ra': 0,
    'ipv6/conf/default/accept_redirects': 0,
    // The board's first question for a router is answered at once, from an address that waits for no one to object.
    'ipv6/conf/default/accept_dad': 0,
  };
}
