import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runModel } from './model-run.ts';
import { type Mutant, mutants } from './mutants.ts';

const root = resolve(import.meta.dirname, '../..');
/** What the model runs with: the store, all that it imports, and the model itself. */
const copied = ['package.json', 'src/lab', 'src/store', 'test/model'];
const events = 20_000;
const seeds = [1, 2];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'labcli-mutants-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function makeCopy(name: string): string {
  const copy = join(folder, name);
  for (const path of copied) cpSync(join(root, path), join(copy, path), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

function mutate(copy: string, { file, right, wrong }: Mutant): void {
  const path = join(copy, 'src', file);
  const text = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    text.replace(right, () => wrong),
  );
}

/** What the model says of the mutant; undefined when it lives. */
async function hunt(mutant: Mutant, index: number): Promise<string | undefined> {
  const copy = makeCopy(`mutant-${index}`);
  mutate(copy, mutant);
  for (const seed of seeds) {
    const { wrong } = await runModel(copy, { seed, events, workers: 2 });
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

test('the store still has the place of each fault', () => {
  const textOf = (file: string) => readFileSync(join(root, 'src', file), 'utf8');
  expect(mutants.filter(({ file, right }) => !textOf(file).includes(right))).toEqual([]);
  expect(mutants.filter(({ right, wrong }) => right === wrong)).toEqual([]);
});

test('the copy as it is passes: what is caught is caught for its fault', async () => {
  expect(await runModel(makeCopy('right'), { seed: 1, events: 3000, workers: 2 })).not.toHaveProperty('wrong');
}, 120_000);

test('each fault that is put into the store is caught', async () => {
  const told: string[] = [];
  const living: string[] = [];
  const left = mutants.entries();
  // Two at a time: each is two processes that wait for one another.
  const hunts = [left, left].map(async entries => {
    for (const [index, mutant] of entries) {
      const wrong = await hunt(mutant, index);
      if (wrong === undefined) living.push(mutant.name);
      told.push(
        `${wrong === undefined ? 'LIVES ' : 'caught'}  ${mutant.name}: ${wrong?.split('\n')[0]?.slice(0, 140) ?? ''}`,
      );
    }
  });
  const failures = (await Promise.allSettled(hunts)).filter(({ status }) => status === 'rejected');
  told.push(`${mutants.length - living.length} of ${mutants.length} mutants caught`);
  process.stdout.write(`${told.join('\n')}\n`);
  expect([living, failures]).toEqual([[], []]);
}, 600_000);
