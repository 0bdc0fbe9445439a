import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { inspect } from 'node:util';

/** How a test ended that ran on another kernel or in other namespaces. */
export interface TestOutcome {
  readonly name: string;
  /** What went wrong, or null. */
  readonly failure: string | null;
  readonly tookMs: number;
}

/** Runs a test, and adds a line to `file` that says how it ended. */
export async function tellOutcome(file: string, name: string, check: () => Promise<void>): Promise<void> {
  const startMs = performance.now();
  const failure = await check().then(
    () => null,
    (error: unknown) => inspect(error),
  );
  const outcome: TestOutcome = { name, failure, tookMs: Math.round(performance.now() - startMs) };
  appendFileSync(file, `${JSON.stringify(outcome)}\n`);
}

export function readOutcomes(file: string): readonly TestOutcome[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map(line => JSON.parse(line) as TestOutcome);
}

/** Throws what the test said when it failed, and the log when it said nothing at all. */
export function expectSuccess(
  { outcomes, log }: { readonly outcomes: readonly TestOutcome[]; readonly log: string },
  name: string,
): void {
  const outcome = outcomes.find(each => each.name === name);
  if (!outcome) throw new Error(`this test told nothing:\n${log.slice(-4000)}`);
  if (outcome.failure !== null) throw new Error(outcome.failure);
}
