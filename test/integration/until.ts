import { setTimeout as sleep } from 'node:timers/promises';

/** Comes back when it is so; throws when that takes too long. */
export async function until(isSo: () => Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`it did not come about in time: ${isSo}`);
    await sleep(20);
  }
}
