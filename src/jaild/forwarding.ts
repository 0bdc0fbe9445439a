import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../lab/error.ts';
import { setInterfaceOption } from './interfaces.ts';
import { runDirectory } from './jail-layout.ts';

/** Says that it was jaild who made this host forward IPv6. Gone after a reboot, as the setting is. */
const marker = join(runDirectory, 'forwards-ipv6');
const ipv6 = '/proc/sys/net/ipv6/conf';

export interface Forwarding {
  readonly isRouter: boolean;
  readonly isRouter6: boolean;
  /** To be called when the firewall is up. */
  enable(): void;
}

/** Finds out whether the host is a router anyway, before jaild makes it one for its jails. */
export function enableForwarding(uplink: string, hasIpv6: boolean): Forwarding {
  if (hasIpv6 && !existsSync(ipv6)) {
    throw new LabError('device', 'this kernel has no IPv6, which lab.yaml wants in networks.ipv6', {
      hint: 'boot without ipv6.disable=1, or leave networks.ipv6 out of lab.yaml',
    });
  }
  const isRouter = isOn('/proc/sys/net/ipv4/ip_forward');
  const isRouter6 = isOn(`${ipv6}/all/forwarding`) && !existsSync(marker);
  return {
    isRouter,
    isRouter6,
    enable() {
      setInterfaceOption('ipv4', uplink, 'forwarding', 1);
      if (hasIpv6 && !isRouter6) forwardIpv6();
    },
  };
}

/** For IPv6 there is one switch for all interfaces. With it on, the kernel no longer heeds router advertisements, unless told. */
function forwardIpv6(): void {
  for (const name of readdirSync(ipv6)) {
    if (isOn(`${ipv6}/${name}/accept_ra`)) writeFileSync(`${ipv6}/${name}/accept_ra`, '2\n');
  }
  writeFileSync(marker, '');
  writeFileSync(`${ipv6}/all/forwarding`, '1\n');
}

function isOn(path: string): boolean {
  return existsSync(path) && readFileSync(path, 'utf8').trim() === '1';
}
