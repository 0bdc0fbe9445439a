import fc from 'fast-check';
import { applyStep, type DesiredBoard, type ObservedBoard, plan, type Step } from './plan.ts';

const board = 'rock-1';
const claimed: DesiredBoard = { board, epoch: 7, fence: 7, power: 'off' };
const free: DesiredBoard = { board, fence: 7, power: 'off' };
const nothing: ObservedBoard = { jail: 'absent', power: 'off' };
const complete: ObservedBoard = {
  jail: { epoch: 7, isComplete: true },
  socketsEpoch: 7,
  consoleEpoch: 7,
  power: 'on',
};
const names = (desired: DesiredBoard, observed: ObservedBoard) => plan(desired, observed).map(({ step }) => step);

test.each<[string, DesiredBoard, ObservedBoard, string[]]>([
  ['a first claim', claimed, nothing, ['open-sockets', 'build-jail', 'open-console']],
  [
    'power that is not known is not off',
    claimed,
    { ...nothing, power: 'unknown' },
    ['power-off', 'open-sockets', 'build-jail', 'open-console'],
  ],
  [
    'a claim with power',
    { ...claimed, power: 'on' },
    nothing,
    ['open-sockets', 'build-jail', 'open-console', 'power-on'],
  ],
  ['all is well', { ...claimed, power: 'any' }, complete, []],
  ['the holder may keep the board on', { ...claimed, power: 'on' }, complete, []],
  ['a release', free, complete, ['close-console', 'close-sockets', 'power-off', 'remove-jail']],
  [
    'a jail that lost a part',
    { ...claimed, power: 'any' },
    { ...complete, jail: { epoch: 7, isComplete: false } },
    ['build-jail'],
  ],
  [
    'a jail of an earlier claim',
    claimed,
    { ...nothing, jail: { epoch: 6, isComplete: true } },
    ['remove-jail', 'open-sockets', 'build-jail', 'open-console'],
  ],
  ['a jail nobody knows about', free, { ...nothing, jail: 'unknown' }, ['remove-jail']],
])('%s', (_name, desired, observed, steps) => {
  expect(names(desired, observed)).toEqual(steps);
});

test('leftovers are removed in the name of the newest epoch, so that an older claim cannot come back', () => {
  const observed: ObservedBoard = { jail: { epoch: 5, isComplete: true }, power: 'off' };
  expect(plan(free, observed)).toEqual([{ step: 'remove-jail', board, epoch: 7 }]);
});

const epoch = fc.integer({ min: 1, max: 4 });
const observed: fc.Arbitrary<ObservedBoard> = fc.record(
  {
    jail: fc.oneof(
      fc.constant('absent' as const),
      fc.constant('unknown' as const),
      fc.record({ epoch, isComplete: fc.boolean() }),
    ),
    power: fc.constantFrom('on', 'off', 'unknown'),
    socketsEpoch: epoch,
    consoleEpoch: epoch,
  },
  { requiredKeys: ['jail', 'power'] },
);
const desired: fc.Arbitrary<DesiredBoard> = fc
  .record({ epoch, isClaimed: fc.boolean(), power: fc.constantFrom('on', 'off', 'any') })
  .map(({ epoch: fence, isClaimed, power }) =>
    // Nobody's board is never wanted on.
    isClaimed ? { board, fence, epoch: fence, power } : { board, fence, power: power === 'on' ? 'off' : power },
  );

test('after all steps, nothing is left to do', () => {
  fc.assert(
    fc.property(desired, observed, (wanted, seen) => {
      expect(plan(wanted, plan(wanted, seen).reduce(applyStep, seen))).toEqual([]);
    }),
  );
});

test('stopped after any step, or by one that failed, a new plan still ends where it should', () => {
  fc.assert(
    fc.property(desired, observed, fc.nat(8), fc.boolean(), (wanted, seen, stop, hasFailed) => {
      const steps = plan(wanted, seen);
      const failing = steps[stop];
      const stopped = steps.slice(0, stop).reduce(applyStep, seen);
      const now = hasFailed && failing ? applyFailure(stopped, failing) : stopped;
      expect(plan(wanted, plan(wanted, now).reduce(applyStep, now))).toEqual([]);
    }),
  );
});

test("access of another claim ends before anything else, and its jail goes only when the board's power is settled", () => {
  fc.assert(
    fc.property(desired, observed, (wanted, seen) => {
      const order = plan(wanted, seen).map(({ step }) => step);
      const first = (...steps: readonly string[]) => order.findIndex(step => steps.includes(step));
      const lastClose = order.findLastIndex(step => step.startsWith('close-'));
      const firstOther = order.findIndex(step => !step.startsWith('close-'));
      if (lastClose >= 0 && firstOther >= 0) expect(lastClose).toBeLessThan(firstOther);
      if (wanted.power === 'off' && seen.power !== 'off') {
        expect(first('power-off')).toBeGreaterThanOrEqual(0);
        const change = first('remove-jail', 'build-jail');
        if (change >= 0) expect(first('power-off')).toBeLessThan(change);
      }
      if (order.includes('power-on')) expect(order.at(-1)).toBe('power-on');
    }),
  );
});

/** What is known after a step failed: nothing about the part that it was to change. */
function applyFailure(observed: ObservedBoard, step: Step): ObservedBoard {
  switch (step.step) {
    case 'power-off':
    case 'power-on':
      return { ...observed, power: 'unknown' };
    case 'remove-jail':
    case 'build-jail':
      return { ...observed, jail: 'unknown' };
    default:
      return observed;
  }
}
