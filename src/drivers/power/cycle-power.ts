import { setTimeout as sleep } from 'node:timers/promises';
import type { Power } from './power.ts';

/**
 * Off, `offTimeMs` without power (so that what is charged in the board is gone), on. Never a device's own "cycle": a request
 * that is sent twice would cycle twice.
 */
export async function cyclePower(power: Power, offTimeMs: number, signal: AbortSignal): Promise<void> {
  await power.off(signal);
  await sleep(offTimeMs, undefined, { signal });
  await power.on(signal);
}
