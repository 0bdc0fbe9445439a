import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { run } from '../system/run.ts';

/** The lab host's network interfaces, and those in a jail's network namespace. */

export function interfaceExists(name: string): boolean {
  return existsSync(`/sys/class/net/${name}`);
}

/** An interface's alias is free text; jaild sets it last, and so knows an interface that was made to the end. */
export function readAlias(name: string): string {
  try {
    return readFileSync(`/sys/class/net/${name}/ifalias`, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

export function writeAlias(name: string, alias: string): void {
  writeFileSync(`/sys/class/net/${name}/ifalias`, alias);
}

/**
 * The group of the interfaces that jaild makes: unlike an alias, an interface has it from its birth, and it is read without asking the
 * kernel for all interfaces, which waits for every other change of the network. (ip-link(8); "lc")
 */
export const ownGroup = 0x6c63;

export function isInOwnGroup(name: string): boolean {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/netdev_group`, 'utf8')) === ownGroup;
  } catch (error) {
    // It goes away while it is read: EINVAL.
    if (!interfaceExists(name)) return false;
    throw error;
  }
}

export function isInterfaceUp(name: string): boolean {
  return (Number(readFileSync(`/sys/class/net/${name}/flags`, 'utf8')) & 1) === 1;
}

export function readMtu(name: string): number {
  return Number(readFileSync(`/sys/class/net/${name}/mtu`, 'utf8'));
}

/** What `ip -json -details link` says of an interface; `link` is the one below it, `link_index` if that is elsewhere. */
export interface Link {
  readonly ifname: string;
  readonly ifindex: number;
  readonly link?: string;
  readonly link_index?: number;
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: { readonly id?: number } };
}

/** The interfaces of a kind, here or in the network namespace that `netPin` names. */
export async function readLinks(kind: 'vlan' | 'macvlan', netPin?: string): Promise<Link[]> {
  const show = ['ip', '-json', '-details', 'link', 'show', 'type', kind];
  const [program = '', ...args] = netPin === undefined ? show : ['nsenter', `--net=${netPin}`, ...show];
  // Where there is none, older versions write an empty list and newer ones nothing.
  return JSON.parse((await run(program, args)) || '[]') as Link[];
}

/** Runs `ip` commands in one go, in the order given, here or in the network namespace that `netPin` names. */
export async function configureLinks(commands: readonly string[], netPin?: string): Promise<void> {
  const input = `${commands.join('\n')}\n`;
  if (netPin === undefined) await run('ip', ['-batch', '-'], { input });
  else await run('nsenter', [`--net=${netPin}`, 'ip', '-batch', '-'], { input });
}

export async function deleteInterface(name: string): Promise<void> {
  if (!interfaceExists(name)) return;
  try {
    await run('ip', ['link', 'delete', name]);
  } catch (error) {
    // The other end of a veth pair may have gone in the meantime, and this one with it.
    if (interfaceExists(name)) throw error;
  }
}

/** Sets /proc/sys/net/<family>/conf/<name>/<key>. A family that the kernel lacks has nothing to be set. */
export function setInterfaceOption(family: 'ipv4' | 'ipv6', name: string, key: string, value: number): void {
  if (existsSync(`/proc/sys/net/${family}`)) writeFileSync(`/proc/sys/net/${family}/conf/${name}/${key}`, `${value}\n`);
}
