import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { configureLinks, isInterfaceUp, readMtu } from '../../src/jaild/interfaces.ts';
import { run } from '../../src/system/run.ts';
import { createArpRequest, readArp, tagged } from './ethernet-frame.ts';
import type { WireTest } from './wire-bench.ts';

/** What is so with 802.1Q interfaces of the kernel alone. */
export const vlanWireContract: readonly WireTest[] = [
  {
    name: "a VLAN interface of the jail's own would be no wall: its root would send into any VLAN",
    async check({ first, cable, trunkInterface }) {
      const { netPin } = first.layout;
      await configureLinks([`link add link ${trunkInterface} name board netns ${netPin} type vlan id ${first.vlan}`]);
      await configureLinks(['link set board up'], netPin);
      const changed = await first.asJailRoot(...['ip', 'link', 'set', 'board', 'type', 'vlan', 'reorder_hdr', 'off']);
      assert.equal(changed.code, 0, changed.output);
      const onCable = await cable.listen();
      await first.jailEnd.send(createArpRequest(first.board, '192.0.2.50', tagged(102)));
      const frame = await onCable.waitFor('the forged frame', each => readArp(each)?.target === '192.0.2.50');
      await onCable.stop();
      await configureLinks(['link delete board'], netPin);
      assert.deepEqual(frame.tags, tagged(102));
    },
  },
  {
    name: "the jail's root makes no interface on the trunk, and does not take the wire's own away",
    async check({ first, trunkInterface }) {
      await first.make();
      const index = readFileSync(`/sys/class/net/${trunkInterface}/ifindex`, 'utf8').trim();
      const hop = `link add name hop link if${index} link-netnsid 0 type vlan id 103`;
      const attack = await first.asJailRoot('ip', ...hop.split(' '));
      assert.notEqual(attack.code, 0);
      assert.match(attack.output, /not permitted/);
      assert.notEqual((await first.asJailRoot('ip', 'link', 'delete', first.interface)).code, 0);
      // Root of the lab host may, at the same place with the same words.
      await run('nsenter', [`--net=${first.layout.netPin}`, 'ip', ...hop.split(' ')]);
      await configureLinks(['link delete hop'], first.layout.netPin);
    },
  },
  {
    name: 'a trunk that is down is taken up, and gets no IPv6 address by that',
    async check({ first, trunkInterface }) {
      await configureLinks([`link set ${trunkInterface} down`]);
      await first.make();
      assert.ok(isInterfaceUp(trunkInterface));
      assert.equal(await run('ip', ['-6', '-oneline', 'address', 'show', 'dev', trunkInterface]), '');
    },
  },
  {
    name: 'a trunk with jumbo frames makes no jumbo wire, and a trunk with small ones a small wire',
    async check({ first, trunkInterface }) {
      for (const [trunkMtu, wireMtu] of [[4000, 1500] as const, [1400, 1400] as const, [1500, 1500] as const]) {
        await configureLinks([`link set ${trunkInterface} mtu ${trunkMtu}`]);
        await first.make();
        assert.equal(readMtu(first.interface), wireMtu);
        const [jailEnd] = JSON.parse(
          await run('nsenter', [`--net=${first.layout.netPin}`, 'ip', '-json', 'link', 'show', 'board']),
        ) as [{ readonly mtu: number }];
        assert.equal(jailEnd.mtu, wireMtu);
        await first.remove();
      }
    },
  },
];
