import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from '../../lab/error.ts';
import type { Power } from './power.ts';

/** `lies`: says yes and does nothing. `is-silent`: does not answer, which is told after a time limit. */
export type PowerFailure = 'refuses' | 'is-silent' | 'lies' | 'talks-nonsense';

export interface FakePower extends Power {
  /** What goes wrong from now on; undefined: nothing. */
  fail(failure: PowerFailure | undefined): void;
  /** Whether the board has power, whatever the device says. */
  readonly isPowered: boolean;
}

/** Power without hardware, for tests. `limitMs`: how long a silent or lying device is waited for. */
export function createFakePower(limitMs = 50): FakePower {
  let isPowered = false;
  let failure: PowerFailure | undefined;

  async function answer(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (failure !== 'is-silent') return;
    await sleep(limitMs, undefined, { signal });
    throw new LabError('device', 'fake power: it did not answer');
  }
  async function change(wanted: boolean, signal: AbortSignal): Promise<void> {
    await answer(signal);
    if (failure === 'refuses') throw new LabError('device', 'fake power: it refused');
    if (failure !== 'lies') isPowered = wanted;
    if ((await isOn(signal)) === wanted) return;
    await sleep(limitMs, undefined, { signal });
    throw new LabError('device', 'fake power: it accepted, but nothing changed');
  }
  async function isOn(signal: AbortSignal): Promise<boolean> {
    await answer(signal);
    if (failure === 'talks-nonsense') throw new LabError('device', 'fake power: its answer makes no sense');
    return isPowered;
  }
  return {
    on: signal => change(true, signal),
    off: signal => change(false, signal),
    isOn,
    fail(next) {
      failure = next;
    },
    get isPowered() {
      return isPowered;
    },
  };
}
