import type { CrashBench } from './crash-bench.ts';
import { createRandom, type Random } from './random.ts';
import { type Kill, type Moment, victims } from './run-and-kill.ts';
import { type Round, runRound, type ScenarioName, scenarios } from './scenarios.ts';

export interface RandomRound extends Round {
  readonly number: number;
  readonly scenario: ScenarioName;
  readonly kill: Kill;
}

/** Rounds of any operation, any victim and any moment, drawn from the seed. */
export async function* runRandomRounds(bench: CrashBench, rounds: number, seed: number): AsyncGenerator<RandomRound> {
  const random = createRandom(seed);
  const names = Object.keys(scenarios) as ScenarioName[];
  for (let number = 1; number <= rounds; number++) {
    const scenario = random.pick(names);
    const kill = { victim: random.pick(victims), moment: pickMoment(random, scenario) };
    // A round that does not even end is one in which something is wrong.
    const round = await runRound(bench, scenario, kill).catch((error: Error) => ({
      isAcknowledged: false,
      isInTime: true,
      wrong: [error.message],
    }));
    yield { ...round, wrong: [...round.wrong, ...(await bench.findLeaks())], number, scenario, kill };
  }
}

function pickMoment(random: Random, scenario: ScenarioName): Moment {
  const { lines, lastsMs } = scenarios[scenario];
  const choice = random.next();
  if (lines > 0 && choice < 0.5) return { line: 1 + random.below(lines) };
  if (choice > 0.95) return 'answer';
  return { afterMs: random.below(lastsMs) };
}
