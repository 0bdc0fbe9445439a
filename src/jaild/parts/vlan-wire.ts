import { existsSync } from 'node:fs';
import { run } from '../../system/run.ts';
import { configureLinks } from '../interfaces.ts';
import type { JailLayout, JailSpec } from '../jail-layout.ts';
import { isMounted } from '../mounts.ts';
import { absent, broken, type Part, present } from '../part.ts';
import { boardInterfaceCommands, wireAlias } from './board-wire.ts';

/** The board's VLAN as an 802.1Q sub-interface of the trunk's NIC, born in the jail. */
export function createVlanWire(spec: JailSpec, layout: JailLayout, trunk: string): Part {
  const { board } = spec;

  async function readLink(): Promise<{ readonly ifalias?: string } | undefined> {
    if (!existsSync(layout.netPin) || !isMounted(layout.netPin)) return undefined;
    const links = await run('nsenter', [`--net=${layout.netPin}`, 'ip', '-json', 'link', 'show', 'type', 'vlan']);
    const all = JSON.parse(links || '[]') as { readonly ifname?: string; readonly ifalias?: string }[];
    return all.find(link => link.ifname === 'board');
  }

  return {
    name: 'board-wire',
    needs: ['namespaces'],
    async inspect() {
      const link = await readLink();
      if (!link) return absent;
      return link.ifalias === wireAlias(board.handle) ? present : broken('the interface is not set up');
    },
    async create() {
      await configureLinks([
        `link add link ${trunk} name board netns ${layout.netPin} type vlan id ${board.vlan}`,
        `link set ${trunk} up`,
      ]);
      await configureLinks(boardInterfaceCommands(spec), layout.netPin);
    },
    async remove() {
      if (await readLink()) await run('nsenter', [`--net=${layout.netPin}`, 'ip', 'link', 'delete', 'board']);
    },
  };
}
