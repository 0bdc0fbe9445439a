import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JailEvent } from '../../src/api/jail-messages.ts';
import { partNames } from '../../src/jaild/part.ts';
import type { Answer } from './jaild-call.ts';
import { type JaildHost, startJaildHost } from './jaild-host.ts';

/** jaild is killed at every step of a build and of a removal; the next jaild goes on from what it finds. */
const board = 'rockpro64-1';
const claim = { epoch: 1, user: 'alice', expiresAtMs: Date.UTC(2031, 4, 4) };

let host: JaildHost;
beforeAll(async () => {
  const labYaml = readFileSync(join(import.meta.dirname, '../../lab.yaml'), 'utf8');
  host = await startJaildHost(labYaml.replace('# setup: rockpro64', 'setup: rockpro64'));
  await host.startJaild();
});
afterAll(() => host?.stop());

/** Kills jaild as soon as it tells that the step began; true when it was told. */
async function killAtStep(step: string, operate: (onEvent: (event: JailEvent) => void) => Promise<Answer>) {
  let killed: Promise<void> | undefined;
  await operate(event => {
    if (event.event === 'step' && event.step === step && event.state === 'started') killed ??= host.killJaild();
  }).catch(() => {});
  await killed;
  await host.startJaild();
  return killed !== undefined;
}

const expectDone = ({ events }: Answer) => expect(events.at(-1)).toEqual({ event: 'done' });

test.each(partNames)('killed while it builds %s, it completes the jail when asked again', async step => {
  expect(await killAtStep(step, onEvent => host.build(board, claim, onEvent))).toBe(true);
  expectDone(await host.build(board, claim));
  expect((await host.inspect()).jails).toEqual([{ board, epoch: 1, state: 'complete', missing: [] }]);
  expect((await host.ssh('alice', '10.77.0.101', 'hostname')).stdout).toBe(`${board}\n`);
  expectDone(await host.remove(board, 1));
  expect(await host.findTraces()).toEqual([]);
});

test.each(partNames)('killed while it builds %s, it removes what there is', async step => {
  expect(await killAtStep(step, onEvent => host.build(board, claim, onEvent))).toBe(true);
  expectDone(await host.remove(board, 1));
  expect(await host.findTraces()).toEqual([]);
});

test.each(partNames)('killed while it removes %s, it removes the rest when asked again', async step => {
  expectDone(await host.build(board, claim));
  expect(await killAtStep(step, onEvent => host.remove(board, 1, onEvent))).toBe(true);
  expectDone(await host.remove(board, 1));
  expect(await host.findTraces()).toEqual([]);
  expect((await host.inspect()).jails).toEqual([]);
});
