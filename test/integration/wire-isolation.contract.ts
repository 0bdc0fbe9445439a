import assert from 'node:assert/strict';
import { run } from '../../src/system/run.ts';
import type { Listener } from './cable-end.ts';
import { createArpRequest, type Frame, readArp, type Tag, tagged } from './ethernet-frame.ts';
import type { WireTest } from './wire-bench.ts';
import { askGateway, asks, listening, makeBoth } from './wire-conversation.ts';

/** The address of the lab host that nobody on a wire may hear of. */
const hostAddress = '192.0.2.1';

/** What no wire lets through, whoever is root in its jail. */
export const wireIsolationContract: readonly WireTest[] = [
  {
    name: 'what is on the trunk for others reaches no jail: another tag, no tag, a priority tag, a tag inside a tag',
    async check(bench) {
      const { first, second, cable } = bench;
      await makeBoth(bench);
      await listening([first.jailEnd, second.jailEnd], async ([atFirst, atSecond]) => {
        const strange: Tag[][] = [tagged(103), [], tagged(0), tagged(103, 101), [serviceTag(103)]];
        // Each asks for an address of its own, by which it is known again.
        await cable.send(
          ...strange.map((tags, index) => createArpRequest(first.board, `192.0.2.${100 + index}`, tags)),
          createArpRequest(first.board, first.gateway, tagged(102, 101)),
        );
        for (const [at, vlan] of [[atFirst, 101] as const, [atSecond, 102] as const]) {
          await cable.send(createArpRequest(first.board, '192.0.2.99', tagged(vlan)));
          await at.waitFor('what is for this jail', asks('192.0.2.99'));
        }
        const askedFor = (at: Listener) => at.frames.flatMap(frame => readArp(frame)?.target ?? []);
        assert.deepEqual(askedFor(atFirst), ['192.0.2.99']);
        // The outer tag is the second board's; what is inside is its own business.
        assert.deepEqual(askedFor(atSecond), [first.gateway, '192.0.2.99']);
      });
    },
  },
  {
    name: 'the root of a jail sends into its own VLAN alone, whatever tags it writes and whatever it does to its interface',
    async check(bench) {
      const { first, second, cable } = bench;
      const forged = [tagged(102), tagged(102, 102), [serviceTag(102)], tagged(0, 102), tagged(0)];
      await makeBoth(bench);
      await listening([cable, second.jailEnd], async ([onCable, atSecond]) => {
        for (const attack of attacksOnInterface) {
          await first.asJailRoot('ip', 'link', ...attack);
          await first.jailEnd.send(...forged.map(tags => createArpRequest(first.board, second.gateway, tags)));
          await first.asJailRoot('ip', 'link', 'set', 'hop', 'up');
          if ((await first.asJailRoot('ip', 'link', 'show', 'hop')).code !== 0) continue;
          await first.asJailRoot('arping', '-c', '1', '-I', 'hop', second.gateway);
          await first.asJailRoot('ip', 'link', 'delete', 'hop');
        }
        // The same frame from the trunk does arrive, and so does what the jail sends without a tag.
        await cable.send(createArpRequest(second.board, '192.0.2.98', tagged(102)));
        await atSecond.waitFor('what is for the second jail', asks('192.0.2.98'));
        await first.jailEnd.send(createArpRequest(first.board, '192.0.2.97', []));
        await onCable.waitFor('what the first jail may send', asks('192.0.2.97'));
        const sentByFirst = onCable.frames.filter(({ source }) => source === first.board.mac);
        assert.deepEqual([...new Set(sentByFirst.map(outerTag))], ['8100:101']);
        assert.deepEqual(atSecond.frames.filter(asks(second.gateway)), []);
      });
    },
  },
  {
    name: 'the lab host is not on the wire, also when the jail has cut it off',
    async check(bench) {
      const { first, cable } = bench;
      await first.make();
      await run('ip', ['address', 'add', `${hostAddress}/32`, 'dev', 'lo']);
      try {
        await listening([cable, first.jailEnd], async ([onCable, atJail]) => {
          const askHost = () => cable.send(createArpRequest(first.board, hostAddress, tagged(first.vlan)));
          const answered = (at: Listener) => at.frames.filter(frame => readArp(frame)?.sender === hostAddress);
          await askHost();
          await askGateway(bench, first);
          assert.deepEqual(answered(onCable), []);
          await first.jailEnd.send(createArpRequest(first.board, hostAddress, []));
          await askGateway(bench, first);
          assert.deepEqual(answered(atJail), []);
          const ownAddresses = await run('ip', ['-oneline', 'address', 'show', 'dev', first.interface]);
          assert.equal(ownAddresses, '');
          await first.asJailRoot('ip', 'link', 'delete', 'board');
          await askHost();
          await first.remove();
          await first.make();
          await askGateway(bench, first);
          assert.deepEqual(answered(onCable), []);
        });
      } finally {
        await run('ip', ['address', 'delete', `${hostAddress}/32`, 'dev', 'lo']);
      }
    },
  },
];

/** Without 802.1Q in the kernel, some of them do nothing. `hop` is where a frame would leave. */
const attacksOnInterface = [
  ['show'],
  ['set', 'board', 'type', 'vlan', 'reorder_hdr', 'off'],
  ['set', 'board', 'address', '52:54:00:00:01:66'],
  ['set', 'board', 'promisc', 'on'],
  ['add', 'link', 'board', 'name', 'hop', 'type', 'vlan', 'id', '102'],
  ['add', 'link', 'board', 'name', 'hop', 'type', 'vlan', 'id', '102', 'reorder_hdr', 'off'],
  ['add', 'link', 'board', 'name', 'hop', 'type', 'macvlan', 'mode', 'bridge'],
  ['add', 'link', 'board', 'name', 'hop', 'type', 'ipvlan'],
];

const serviceTag = (vlan: number): Tag => ({ protocol: 0x88a8, vlan });

function outerTag({ tags: [outer] }: Frame): string {
  return outer ? `${outer.protocol.toString(16)}:${outer.vlan}` : 'none';
}
