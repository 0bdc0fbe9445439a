import { inspect } from 'node:util';
import { cyclePower } from '../../src/drivers/power/cycle-power.ts';
import { createFakePower, type PowerFailure } from '../../src/drivers/power/fake-power.ts';
import type { Power } from '../../src/drivers/power/power.ts';
import { createSnmpPower } from '../../src/drivers/power/snmp-power.ts';
import { createSnmpSession } from '../../src/drivers/snmp/snmp-session.ts';
import { text } from '../../src/vlab/agent/oid-tree.ts';
import { changeInstances, credentials, type SwitchBench, startSwitchBench } from './switch-bench.ts';

/** The power driver under test, and the device behind it. */
interface Bench {
  readonly power: Power;
  isPowered(): boolean;
  fail(failure: PowerFailure | undefined): Promise<void>;
  close(): void;
}

const answerLimitMs = 300;

async function startSnmpBench(version: '2c' | '3'): Promise<Bench> {
  const bench = await startSwitchBench(version);
  const session = createSnmpSession(bench.poeSwitch, bench.secrets, answerLimitMs);
  return {
    power: createSnmpPower(session, { switch: 'poe1', port: 1 }, bench.poeSwitch.poe),
    isPowered: () => bench.model.isPowered(1),
    fail: failure => breakSwitch(bench, failure),
    close() {
      session.close();
      bench.close();
    },
  };
}

async function breakSwitch(bench: SwitchBench, failure: PowerFailure | undefined): Promise<void> {
  if (failure === 'is-silent') return bench.hang();
  await bench.restart();
  const isAdmin = (oid: string) => oid.startsWith('1.3.6.1.2.1.105.1.1.1.3.');
  bench.answerWith(
    failure &&
      (tree =>
        changeInstances(tree, instance => {
          if (!isAdmin(instance.oid)) return instance;
          if (failure === 'refuses') return { ...instance, write: () => ({ refusal: 'InconsistentValue' }) };
          if (failure === 'lies') return { ...instance, write: () => ({ run() {} }) };
          return { ...instance, read: () => text('on, I think') };
        })),
  );
}

const benches: Record<string, () => Promise<Bench>> = {
  'fake-power': async () => {
    const power = createFakePower();
    return { power, isPowered: () => power.isPowered, fail: async failure => power.fail(failure), close() {} };
  },
  'snmp-power, version 2c': () => startSnmpBench('2c'),
  'snmp-power, version 3': () => startSnmpBench('3'),
};

const signal = () => AbortSignal.timeout(10_000);

describe.each(Object.entries(benches))('%s', (_name, startBench) => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await startBench();
  });
  afterEach(() => bench.close());

  test('turns power on and off, and says which it is', async () => {
    expect(await bench.power.isOn(signal())).toBe(false);
    await bench.power.on(signal());
    expect([await bench.power.isOn(signal()), bench.isPowered()]).toEqual([true, true]);
    await bench.power.on(signal());
    expect(bench.isPowered()).toBe(true);
    await bench.power.off(signal());
    expect([await bench.power.isOn(signal()), bench.isPowered()]).toEqual([false, false]);
  });

  test.each(['refuses', 'is-silent', 'lies', 'talks-nonsense'] as const)(
    'a device that %s is a failure of the device, and is used again when it works',
    async failure => {
      await bench.fail(failure);
      await expect(bench.power.on(signal())).rejects.toMatchObject({ code: 'device' });
      await bench.fail(undefined);
      await bench.power.on(signal());
      expect(bench.isPowered()).toBe(true);
    },
  );

  test('a state that cannot be read is neither on nor off', async () => {
    await bench.fail('talks-nonsense');
    await expect(bench.power.isOn(signal())).rejects.toMatchObject({ code: 'device' });
    await bench.fail('is-silent');
    await expect(bench.power.isOn(signal())).rejects.toMatchObject({ code: 'device' });
  });

  test('a device that does not turn off what it promised is still on', async () => {
    await bench.power.on(signal());
    await bench.fail('lies');
    await expect(bench.power.off(signal())).rejects.toMatchObject({ code: 'device' });
    expect(await bench.power.isOn(signal())).toBe(true);
  });

  test('does nothing when told to stop before it began, and stops waiting when told to', async () => {
    const reason = new Error('enough');
    await expect(bench.power.on(AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(bench.isPowered()).toBe(false);
    await bench.fail('is-silent');
    const stop = new AbortController();
    setTimeout(() => stop.abort(reason), 10);
    // Being told to stop is no failure of the device.
    await expect(bench.power.on(stop.signal)).rejects.not.toMatchObject({ code: 'device' });
  });

  test('a power cycle ends with power on, and does not turn on what would not turn off', async () => {
    await bench.power.on(signal());
    await cyclePower(bench.power, 5, signal());
    expect(bench.isPowered()).toBe(true);
    await bench.fail('refuses');
    await expect(cyclePower(bench.power, 5, signal())).rejects.toMatchObject({ code: 'device' });
  });
});

test('in a power cycle the board is without power for the off-time', async () => {
  const events: (string | number)[] = [];
  const note = (event: string) => async () => {
    events.push(event, performance.now());
  };
  const power: Power = { on: note('on'), off: note('off'), isOn: async () => true };
  await cyclePower(power, 60, signal());
  expect([events[0], events[2]]).toEqual(['off', 'on']);
  expect(Number(events[3]) - Number(events[1])).toBeGreaterThanOrEqual(59);
});

describe('snmp-power', () => {
  let bench: SwitchBench;
  beforeEach(async () => {
    bench = await startSwitchBench('3');
  });
  afterEach(() => bench.close());

  test('an error says which port could not do what and why, gives a hint, and holds no secret', async () => {
    const session = createSnmpSession(bench.poeSwitch, bench.secrets, answerLimitMs);
    const power = createSnmpPower(session, { switch: 'poe1', port: 99 }, bench.poeSwitch.poe);
    const errors = await Promise.all(
      [power.on(signal()), power.isOn(signal())].map(done => done.catch(error => error)),
    );
    session.close();
    expect(errors.map(error => error.message)).toEqual([
      expect.stringMatching(/port 99: cannot turn power on: switch poe1: it refused \(NoCreation/),
      expect.stringMatching(/port 99: cannot read whether power is on: switch poe1: it has no 1\.3\.6\.1\./),
    ]);
    for (const error of errors) {
      expect(error.hint).toMatch(/port/);
      expect(inspect(error, { depth: 9 })).not.toContain(credentials.authPassword);
      expect(inspect(error, { depth: 9 })).not.toContain(credentials.privPassword);
    }
  });

  test('a wrong password is a failure of the device', async () => {
    const wrong = new Map([['poe1', { authPassword: 'not-the-password', privPassword: 'not-it-either' }]]);
    const session = createSnmpSession(bench.poeSwitch, wrong, answerLimitMs);
    const power = createSnmpPower(session, { switch: 'poe1', port: 1 }, bench.poeSwitch.poe);
    const error = await power.isOn(signal()).catch(caught => caught);
    session.close();
    expect([error.code, error.hint]).toEqual(['device', expect.stringContaining('passwords')]);
  });

  test('a switch that hangs keeps nobody waiting longer than the limit, and no other switch', async () => {
    const other = await startSwitchBench('3');
    const [hung, healthy] = [bench, other].map(({ poeSwitch, secrets }) =>
      createSnmpSession(poeSwitch, secrets, answerLimitMs),
    ) as [ReturnType<typeof createSnmpSession>, ReturnType<typeof createSnmpSession>];
    const powerOf = (session: typeof hung, port: number) =>
      createSnmpPower(session, { switch: 'poe1', port }, bench.poeSwitch.poe);
    await bench.hang();
    const start = performance.now();
    const waiting = [1, 2, 3, 1, 2, 3].map(port => powerOf(hung, port).isOn(signal()));
    const settled = Promise.allSettled(waiting);
    await powerOf(healthy, 1).on(signal());
    const healthyMs = performance.now() - start;
    const results = await settled;
    const hungMs = performance.now() - start;
    for (const session of [hung, healthy]) session.close();
    other.close();
    expect(results.map(({ status }) => status)).toEqual(Array(6).fill('rejected'));
    expect(healthyMs).toBeLessThan(answerLimitMs);
    expect(hungMs).toBeLessThan(answerLimitMs * 2);
  });

  test('boards on one switch are switched at the same time without losing a request', async () => {
    const session = createSnmpSession(bench.poeSwitch, bench.secrets, answerLimitMs * 10);
    const powers = [1, 2, 3].map(port => createSnmpPower(session, { switch: 'poe1', port }, bench.poeSwitch.poe));
    await Promise.all(powers.map(power => power.on(signal())));
    expect([1, 2, 3].map(port => bench.model.isPowered(port))).toEqual([true, true, true]);
    await Promise.all(powers.map(power => power.off(signal())));
    session.close();
    expect([1, 2, 3].map(port => bench.model.isPowered(port))).toEqual([false, false, false]);
  });
});
