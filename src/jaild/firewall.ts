import { readFileSync } from 'node:fs';
import { LabError } from '../lab/error.ts';
import { run } from '../system/run.ts';
import { setInterfaceOption } from './interfaces.ts';
import type { RenderTemplate } from './template.ts';

/**
 * Loads the rules of templates/nftables.conf in one transaction, and lets the lab host forward between the uplink and the
 * jails. A host that is no router otherwise does not become one: it forwards for jails alone.
 */
export async function loadFirewall(uplink: string, render: RenderTemplate): Promise<void> {
  const isRouter = readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim() === '1';
  await run('nft', ['-f', '-'], { input: render('nftables.conf', { uplink, isRouter }) });
  setInterfaceOption('ipv4', uplink, 'forwarding', 1);
}

export interface SourceAddress {
  readonly interface: string;
  readonly address: string;
}

const set = ['inet', 'labcli', 'sources'] as const;

export async function addSource(source: SourceAddress): Promise<void> {
  await run('nft', ['-f', '-'], { input: `add element ${set.join(' ')} ${element(source)}\n` });
}

export async function removeSource(source: SourceAddress): Promise<void> {
  // Debian 12's nft has no `destroy`; adding first makes deleting right whether it was there or not.
  const target = `element ${set.join(' ')} ${element(source)}`;
  await run('nft', ['-f', '-'], { input: `add ${target}\ndelete ${target}\n` });
}

export async function hasSource(source: SourceAddress): Promise<boolean> {
  try {
    await run('nft', ['get', 'element', ...set, element(source)]);
    return true;
  } catch (error) {
    if (error instanceof LabError && error.message.includes('No such file or directory')) return false;
    throw error;
  }
}

function element(source: SourceAddress): string {
  return `{ "${source.interface}" . ${source.address} }`;
}
