import type { JailSettings } from '../config/lab-config.ts';
import { LabError } from '../lab/error.ts';
import { run } from '../system/run.ts';
import { enableForwarding } from './forwarding.ts';
import { uplinkGateway } from './jail-layout.ts';
import type { RenderTemplate } from './template.ts';

/**
 * Loads the rules of templates/nftables.conf in one transaction, and lets the lab host forward between the uplink and the
 * jails. A host that is no router otherwise does not become one: it forwards for jails alone.
 */
export async function loadFirewall(settings: JailSettings, hasIpv6: boolean, render: RenderTemplate): Promise<void> {
  // The rules come first, so that there is no moment in which all is forwarded.
  const { isRouter, isRouter6, enable } = enableForwarding(settings.uplink, hasIpv6);
  await run('nft', ['-f', '-'], { input: renderFirewall(settings, { isRouter, isRouter6 }, render) });
  enable();
}

export interface HostRole {
  /** Whether the lab host forwards IPv4, or IPv6, for others than jails. */
  readonly isRouter: boolean;
  readonly isRouter6: boolean;
}

export function renderFirewall(settings: JailSettings, role: HostRole, render: RenderTemplate): string {
  const { uplink, nameservers, deny, masquerade } = settings;
  const values = { uplink, masquerade, gateway: uplinkGateway, ...role };
  return render('nftables.conf', { ...values, nameservers: nameservers.map(withFamily), deny: deny.map(withFamily) });
}

/** As nft's expressions name it: `ip daddr`, `ip6 daddr`. */
function withFamily(address: string) {
  return { address, family: address.includes(':') ? 'ip6' : 'ip' };
}

export interface SourceAddress {
  readonly interface: string;
  /** IPv4 or IPv6. */
  readonly address: string;
}

/** All of them at once: a start of nft is what takes the time. */
export async function addSources(sources: readonly SourceAddress[]): Promise<void> {
  await run('nft', ['-f', '-'], { input: sources.map(source => `add ${target(source)}\n`).join('') });
}

export async function removeSources(sources: readonly SourceAddress[]): Promise<void> {
  // Debian 12's nft has no `destroy`; adding first makes deleting right whether it was there or not.
  const change = (source: SourceAddress) => `add ${target(source)}\ndelete ${target(source)}\n`;
  await run('nft', ['-f', '-'], { input: sources.map(change).join('') });
}

export async function hasSource(source: SourceAddress): Promise<boolean> {
  try {
    await run('nft', ['get', 'element', ...setOf(source), element(source)]);
    return true;
  } catch (error) {
    if (error instanceof LabError && error.message.includes('No such file or directory')) return false;
    throw error;
  }
}

function target(source: SourceAddress): string {
  return `element ${setOf(source).join(' ')} ${element(source)}`;
}

function setOf({ address }: SourceAddress): readonly string[] {
  return ['inet', 'labcli', address.includes(':') ? 'sources6' : 'sources'];
}

function element(source: SourceAddress): string {
  return `{ "${source.interface}" . ${source.address} }`;
}
