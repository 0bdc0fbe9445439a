import { setTimeout as sleep } from 'node:timers/promises';
import type { Board } from '../lab/board.ts';
import type { Claim } from '../lab/claim.ts';
import { LabError } from '../lab/error.ts';
import { applyStep, type DesiredBoard, type ObservedBoard, plan, type Step } from '../lab/plan.ts';
import type { World } from './world.ts';

/** Told before and after each step; `attempt` counts from 1. */
export interface StepWitness {
  started(step: Pick<Step, 'step'> | { readonly step: 'expect' }, attempt: number): Promise<void>;
  done(step: Pick<Step, 'step'> | { readonly step: 'expect' }): void;
}

/** How long a step is tried again while jaild is away: it is restarted within seconds, and finds what it had begun. */
const patienceMs = 20_000;
const pauseMs = 200;

/** Brings one board from what is to what ought to be, and gives what is then the case. Stops at the first step that fails. */
export async function runSteps(
  world: World,
  subject: { readonly board: Board; readonly claim: Claim },
  desired: DesiredBoard,
  observed: ObservedBoard,
  witness: StepWitness,
): Promise<ObservedBoard> {
  let state = observed;
  for (const step of plan(desired, observed)) {
    await performPatiently(world, subject, step, witness);
    witness.done(step);
    state = applyStep(state, step);
  }
  return state;
}

async function performPatiently(
  world: World,
  { board, claim }: { readonly board: Board; readonly claim: Claim },
  step: Step,
  witness: StepWitness,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (let attempt = 1; ; attempt++) {
    await witness.started(step, attempt);
    try {
      await world.perform(step, board, claim);
      return;
    } catch (error) {
      const isPassing = error instanceof LabError && error.code === 'unreachable';
      if (!isPassing || performance.now() > deadline) throw error;
    }
    await sleep(pauseMs);
  }
}

/** Observing wants jaild too, and is as patient. */
export async function observePatiently(world: World, board: string): Promise<ObservedBoard> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return await world.observe(board);
    } catch (error) {
      const isPassing = error instanceof LabError && error.code === 'unreachable';
      if (!isPassing || performance.now() > deadline) throw error;
    }
    await sleep(pauseMs);
  }
}
