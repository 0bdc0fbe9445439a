import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { exampleSpec } from '../../src/jaild/example-spec.ts';
import { configureLinks, interfaceExists } from '../../src/jaild/interfaces.ts';
import { unmount } from '../../src/jaild/mounts.ts';
import { pinNamespaces } from '../../src/jaild/pin-namespaces.ts';
import { run } from '../../src/system/run.ts';
import { createEcho, type Frame, readPacket, tagged } from './ethernet-frame.ts';
import type { WireTest } from './wire-bench.ts';
import { askGateway, asks, listening, makeBoth } from './wire-conversation.ts';
import { wireIsolationContract } from './wire-isolation.contract.ts';

/** What every wire of a board does, whatever it is made of. */
export const boardWireContract: readonly WireTest[] = [
  {
    name: 'it is there when it is made, and no trace of it is left when it is removed',
    async check({ first }) {
      const before = await listInterfaces();
      assert.equal((await first.inspect()).state, 'absent');
      await first.make();
      assert.equal((await first.inspect()).state, 'present');
      assert.ok((await listInterfaces()).length > before.length);
      await first.remove();
      assert.equal((await first.inspect()).state, 'absent');
      assert.deepEqual(await listInterfaces(), before);
      assert.deepEqual(await listInterfaces(first.layout.netPin), ['lo']);
      await first.remove();
    },
  },
  {
    name: 'what a board asks with its tag is answered by its jail, with its tag',
    async check(bench) {
      await makeBoth(bench);
      for (const wire of [bench.first, bench.second]) {
        assert.deepEqual((await askGateway(bench, wire)).tags, tagged(wire.vlan));
      }
    },
  },
  {
    name: 'what a jail says first has the tag of its board',
    async check({ first, cable }) {
      await first.make();
      await listening([cable], async ([onCable]) => {
        await first.asJailRoot('ping', '-c', '1', '-W', '1', first.board.address);
        const question = await onCable.waitFor('the question for the board', asks(first.board.address));
        assert.deepEqual(question.tags, tagged(first.vlan));
      });
    },
  },
  {
    name: 'a packet of 1500 bytes passes whole both ways, and one that is sent first has the right checksum',
    async check(bench) {
      const { first, cable } = bench;
      await first.make();
      const mac = (await askGateway(bench, first)).source;
      await listening([cable], async ([onCable]) => {
        await cable.send(createEcho(first.board, { mac, address: first.gateway }, 1500, tagged(first.vlan)));
        const answer = await onCable.waitFor('the echo', isMessage(1));
        const { size, message, isIntact } = readPacket(answer) ?? {};
        assert.deepEqual([size, message?.[0], isIntact, answer.tags], [1500, 0, true, tagged(first.vlan)]);
        await first.asJailRoot(
          'ip',
          'neigh',
          'replace',
          first.board.address,
          'lladdr',
          first.board.mac,
          'dev',
          'board',
        );
        await first.asJailRoot('sh', '-c', `head -c 1472 /dev/zero | socat -u - UDP:${first.board.address}:9`);
        const datagram = readPacket(await onCable.waitFor('the datagram', isMessage(17)));
        assert.deepEqual([datagram?.size, datagram?.isIntact], [1500, true]);
      });
    },
  },
  {
    name: 'what was lost of it is seen, removed to the last bit, and made anew',
    async check(bench) {
      const { first } = bench;
      const before = await listInterfaces();
      const losses: Record<string, () => Promise<unknown>> = {
        "the jail's end": () => first.asJailRoot('ip', 'link', 'delete', 'board'),
        "the lab host's end": () => run('ip', ['link', 'delete', first.interface]),
        "the jail's namespaces": async () => {
          await unmount(first.layout.userPin, first.layout.netPin);
          await pinNamespaces('make', exampleSpec.board.uidBase, first.layout, []);
        },
      };
      for (const [what, lose] of Object.entries(losses)) {
        await first.make();
        await lose();
        assert.notEqual((await first.inspect()).state, 'present', what);
        await first.remove();
        assert.deepEqual(
          [what, (await first.inspect()).state, ...(await listInterfaces())],
          [what, 'absent', ...before],
        );
        await first.remove();
        await first.make();
        assert.equal((await first.inspect()).state, 'present', what);
        await askGateway(bench, first);
        await first.remove();
      }
    },
  },
  {
    name: 'what an interrupted creation left is removed',
    async check({ first }) {
      const before = await listInterfaces();
      // The end in the jail is what it cannot make.
      await configureLinks(['link add board type veth peer name other'], first.layout.netPin);
      await assert.rejects(first.make());
      assert.notEqual((await first.inspect()).state, 'present');
      await first.remove();
      assert.equal((await first.inspect()).state, 'absent');
      assert.deepEqual(await listInterfaces(), before);
      await configureLinks(['link delete board'], first.layout.netPin);
      await first.make();
      assert.equal((await first.inspect()).state, 'present');
    },
  },
  {
    name: 'an interface that the jail renames is removed, too',
    async check({ first }) {
      await first.make();
      for (const change of [['down'], ['name', 'mine'], ['up']]) {
        assert.equal(
          (await first.asJailRoot('ip', 'link', 'set', change[0] === 'up' ? 'mine' : 'board', ...change)).code,
          0,
        );
      }
      await first.remove();
      assert.deepEqual(await listInterfaces(first.layout.netPin), ['lo']);
    },
  },
  {
    name: 'what somebody else has is neither taken over nor removed',
    async check({ first, strangers }) {
      for (const stranger of strangers) {
        await stranger.make();
        try {
          await assert.rejects(first.make(), new RegExp(`this host has ${stranger.interface} already`));
          assert.notEqual((await first.inspect()).state, 'present');
          await first.remove().catch(() => {});
          assert.ok(interfaceExists(stranger.interface), `${stranger.interface} is gone`);
        } finally {
          await stranger.remove();
        }
        await first.remove();
        await first.make();
        assert.equal((await first.inspect()).state, 'present');
        await first.remove();
      }
    },
  },
  {
    name: 'it carries on when the trunk was down for a moment',
    async check(bench) {
      await bench.first.make();
      await configureLinks([`link set ${bench.trunkInterface} down`, `link set ${bench.trunkInterface} up`]);
      await askGateway(bench, bench.first);
      assert.equal((await bench.first.inspect()).state, 'present');
    },
  },
  ...wireIsolationContract,
];

const isMessage = (protocol: number) => (frame: Frame) => readPacket(frame)?.protocol === protocol;

/** Names of the interfaces here, or where the pin is, and here those in Open vSwitch's table, too. */
export async function listInterfaces(netPin?: string): Promise<string[]> {
  const show = ['ip', '-json', 'link'];
  const [program = '', ...args] = netPin === undefined ? show : ['nsenter', `--net=${netPin}`, ...show];
  const links = JSON.parse(await run(program, args)) as { readonly ifname: string }[];
  const ports = netPin === undefined && existsSync('/run/openvswitch/db.sock') ? await listPorts() : [];
  return [...links.map(({ ifname }) => ifname), ...ports].sort();
}

async function listPorts(): Promise<string[]> {
  const ports = await run('ovs-vsctl', ['--timeout=10', 'list-ports', 'br-trunk']);
  return ports
    .split('\n')
    .filter(Boolean)
    .map(port => `port ${port}`);
}
