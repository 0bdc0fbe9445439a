import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../src/system/run.ts';
import { createCableEnd } from './cable-end.ts';
import { tagged } from './ethernet-frame.ts';
import { callJaild } from './jaild-call.ts';
import { version2LimitsContract } from './version2-limits.contract.ts';

export interface JailTest {
  readonly name: string;
  /** `directory` has the test's own programs. */
  check(directory: string): Promise<void>;
}

const socketPath = '/run/labcli/jaild/jaild.sock';
const jail = '/v1/jails/rockpro64-1';
const gateway = '10.96.101.1';
const onBoard = ['ip', 'netns', 'exec', 'cable'] as const;
const cable = createCableEnd('cable', onBoard);
/** An emulated machine is slow. */
const timeoutMs = 30_000;

/** A jail from jaild's first answer to its last, with a trunk of the kernel's own. Each test goes on where the last one ended. */
export const vlanJailContract: readonly JailTest[] = [
  {
    name: 'jaild starts, and builds a jail',
    async check() {
      const isThere = () => callJaild(socketPath, 'GET', '/v1/jails').then(Boolean, () => false);
      for (const deadline = performance.now() + timeoutMs; !(await isThere()); await sleep(50)) {
        assert.ok(performance.now() < deadline, 'jaild does not answer');
      }
      const claim = { epoch: 1, user: 'alice', expiresAtMs: Date.UTC(2031, 4, 4) };
      const { events } = await callJaild(socketPath, 'PUT', jail, claim);
      assert.deepEqual(events.at(-1), { event: 'done' });
      assert.deepEqual(await readStates(), ['rockpro64-1 complete']);
    },
  },
  {
    name: 'the board is given its address over the trunk, with its tag',
    async check(directory) {
      const onCable = await cable.listen();
      const client = [process.execPath, '--jitless', `${directory}/dhcp-client.mjs`, '52:54:00:00:01:65'];
      // The jail's services may still be starting: a board asks again, too.
      let offer: { readonly address: string } | null = null;
      for (const deadline = performance.now() + timeoutMs; offer === null && performance.now() < deadline; ) {
        offer = JSON.parse(await run('ip', [...onBoard.slice(1), ...client], { timeoutMs }));
      }
      assert.equal(offer?.address, '10.96.101.100');
      const fromDnsmasq = onCable.frames.filter(({ etherType, payload }) => {
        return etherType === 0x0800 && payload[9] === 17 && payload.readUInt16BE(20) === 67;
      });
      await onCable.stop();
      assert.ok(fromDnsmasq.length > 0);
      for (const { tags } of fromDnsmasq) assert.deepEqual(tags, tagged(101));
    },
  },
  {
    name: 'the board fetches what it boots',
    async check() {
      await run('ip', ['-n', 'cable', 'address', 'add', '10.96.101.100/24', 'dev', 'eth0']);
      const fetchFile = ['curl', '-sS', '-m', '20', `tftp://${gateway}/boot.scr.uimg`];
      assert.equal(await run('ip', [...onBoard.slice(1), ...fetchFile], { timeoutMs }), 'boot script\n');
      const file = `nfs://${gateway}/nfs/root/etc/issue?version=4&uid=0&gid=0`;
      assert.equal(await run('ip', [...onBoard.slice(1), 'nfs-cat', file], { timeoutMs }), "the board's root\n");
    },
  },
  ...version2LimitsContract,
  {
    name: 'a wire that the lab host lost is made anew, and the rest of the jail stays',
    async check() {
      await run('ip', ['link', 'delete', 'lc101b']);
      assert.deepEqual(await readStates(), ['rockpro64-1 partial']);
      const claim = { epoch: 1, user: 'alice', expiresAtMs: Date.UTC(2031, 4, 4) };
      const { events } = await callJaild(socketPath, 'PUT', jail, claim);
      assert.deepEqual(events.at(-1), { event: 'done' });
      assert.deepEqual(await readStates(), ['rockpro64-1 complete']);
      await run('ip', [...onBoard.slice(1), 'ping', '-c', '1', '-W', '5', gateway]);
    },
  },
  {
    name: 'nothing is left of a jail that is removed',
    async check(directory) {
      const { events } = await callJaild(socketPath, 'DELETE', `${jail}?epoch=1`);
      assert.deepEqual(events.at(-1), { event: 'done' });
      assert.equal(await run('sh', [`${directory}/find-traces.sh`]), '');
      assert.deepEqual(await readStates(), []);
    },
  },
];

async function readStates(): Promise<string[]> {
  const { events } = await callJaild(socketPath, 'GET', '/v1/jails');
  const { jails } = events[0] as unknown as { readonly jails: readonly { readonly board: string; state: string }[] };
  return jails.map(({ board, state }) => `${board} ${state}`);
}
