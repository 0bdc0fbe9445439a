import { createSnmpSession } from '../../src/drivers/snmp/snmp-session.ts';
import { createFakeSwitch } from '../../src/drivers/switch/fake-switch.ts';
import { createQBridgeSwitch } from '../../src/drivers/switch/qbridge-switch.ts';
import type { Switch } from '../../src/drivers/switch/switch.ts';
import { startSwitchBench } from './switch-bench.ts';

/** A switch whose ports 1 and 2 are in the VLANs 101 and 102, and which has no other VLAN but 1. */
interface Bench {
  readonly driver: Switch;
  close(): void;
}

const benches: Record<string, () => Promise<Bench>> = {
  'fake-switch': async () => ({
    driver: createFakeSwitch(
      new Map([
        [1, 101],
        [2, 102],
      ]),
      [1, 101, 102],
    ),
    close() {},
  }),
  'qbridge-switch': async () => {
    const bench = await startSwitchBench('3');
    const session = createSnmpSession(bench.poeSwitch, bench.secrets, 300);
    return {
      driver: createQBridgeSwitch(session),
      close() {
        session.close();
        bench.close();
      },
    };
  },
};

const signal = () => AbortSignal.timeout(5000);

describe.each(Object.entries(benches))('%s', (_name, startBench) => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await startBench();
  });
  afterEach(() => bench.close());

  test('moves a port to another VLAN and leaves the others', async () => {
    expect(await bench.driver.portVlan(1, signal())).toBe(101);
    await bench.driver.setPortVlan(1, 102, signal());
    expect([await bench.driver.portVlan(1, signal()), await bench.driver.portVlan(2, signal())]).toEqual([102, 102]);
  });

  test('a VLAN that the switch does not have is refused, and the port stays where it was', async () => {
    await expect(bench.driver.setPortVlan(1, 300, signal())).rejects.toMatchObject({ code: 'device' });
    expect(await bench.driver.portVlan(1, signal())).toBe(101);
  });

  test('a port that the switch does not have is a failure', async () => {
    await expect(bench.driver.portVlan(99, signal())).rejects.toMatchObject({ code: 'device' });
    await expect(bench.driver.setPortVlan(99, 101, signal())).rejects.toMatchObject({ code: 'device' });
  });

  test('does nothing when told to stop', async () => {
    const reason = new Error('enough');
    await expect(bench.driver.setPortVlan(1, 102, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(await bench.driver.portVlan(1, signal())).toBe(101);
  });
});
