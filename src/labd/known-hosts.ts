import type { KnownHosts } from '../api/messages.ts';
import type { LabConfig } from '../config/lab-config.ts';

/** What makes ssh trust the jails of the lab: whose word counts, and for which names. */
export function describeKnownHosts({ boards, jailNetwork }: LabConfig, authority: string): KnownHosts {
  return {
    handles: boards.map(({ handle }) => handle),
    addressPatterns: patternsOf(jailNetwork),
    authority,
  };
}

/** known_hosts has no prefix lengths but only `*`, so a network is written as those of whole bytes that make it up. */
export function patternsOf({ first, prefixLength }: LabConfig['jailNetwork']): string[] {
  const wholeBytes = Math.min(4, Math.max(1, Math.ceil(prefixLength / 8)));
  const count = 2 ** (wholeBytes * 8 - prefixLength);
  return Array.from({ length: count }, (_, index) => {
    const address = first + index * 2 ** (32 - wholeBytes * 8);
    const bytes = [24, 16, 8, 0].map(shift => Math.floor(address / 2 ** shift) % 256).slice(0, wholeBytes);
    return wholeBytes === 4 ? bytes.join('.') : `${bytes.join('.')}.*`;
  });
}
