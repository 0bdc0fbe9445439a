import type { RandomRound } from './random-rounds.ts';
import { victims } from './run-and-kill.ts';
import { type ScenarioName, scenarios } from './scenarios.ts';

/** What the rounds came to, a line an operation: kills by victim, and how the operation ended. */
export function formatTally(rounds: readonly RandomRound[], seed: number, minutes: number): string {
  const heading = ['operation', ...victims, 'in time', 'acknowledged', 'not', 'violations'];
  const names = Object.keys(scenarios) as ScenarioName[];
  const rows = names.map(name => [name, ...countsOf(rounds.filter(round => round.scenario === name)).map(String)]);
  const table = [heading, ...rows, ['all', ...countsOf(rounds).map(String)]];
  const widths = heading.map((_, column) => Math.max(...table.map(row => row[column]?.length ?? 0)));
  const lines = table.map(row =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))),
  );
  const wrong = rounds.filter(round => round.wrong.length > 0);
  return [
    ...lines.map(cells => cells.join('  ')),
    '',
    ...wrong.flatMap(describeRound),
    `${rounds.length} rounds in ${minutes.toFixed(0)} min, seed ${seed}: ${wrong.length} with violations`,
  ].join('\n');
}

export function describeRound({ number, scenario, kill, wrong }: RandomRound): string[] {
  const { victim, moment } = kill;
  const title = `round ${number}: ${scenario}, kill -9 of ${victim}, ${JSON.stringify(moment)}`;
  return wrong.length === 0 ? [title] : [title, ...wrong.map(sentence => `  ${sentence}`)];
}

function countsOf(rounds: readonly RandomRound[]): number[] {
  const count = (is: (round: RandomRound) => boolean) => rounds.filter(is).length;
  return [
    ...victims.map(victim => count(round => round.kill.victim === victim)),
    count(({ isInTime }) => isInTime),
    count(({ isAcknowledged }) => isAcknowledged),
    count(({ isAcknowledged }) => !isAcknowledged),
    count(({ wrong }) => wrong.length > 0),
  ];
}
