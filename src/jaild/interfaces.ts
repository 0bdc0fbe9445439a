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
