import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { build } from 'esbuild';

/** The walls between rooms: who imports whom. A room always imports itself. See CONTRIBUTING.md. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  lab: [],
  system: ['lab'],
  api: ['lab'],
  config: ['lab', 'system'],
  drivers: ['lab', 'config', 'system'],
  store: ['lab'],
  cli: ['api', 'lab', 'system'],
  labd: ['lab', 'api', 'drivers', 'store', 'config', 'system'],
  jaild: ['lab', 'api', 'config', 'system'],
  vlab: ['lab', 'config', 'system'],
  vhost: ['lab', 'config', 'system'],
};
/** Each main wires one program: it imports that program's room, and what the room itself may import. */
const mains: Readonly<Record<string, string>> = { labcli: 'cli', labd: 'labd', jaild: 'jaild', vlab: 'vlab' };
const drawerNames = [
  'utils',
  'util',
  'helpers',
  'helper',
  'common',
  'lib',
  'types',
  'manager',
  'service',
  'misc',
  'shared',
  'index',
];
const longestFile = 300;

const root = resolve(import.meta.dirname, '..');
const source = join(root, 'src');

interface SourceFile {
  readonly path: string;
  readonly text: string;
}

function readSources(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.ts'))
    .map(path => ({ path: join(folder, path), text: readFileSync(join(folder, path), 'utf8') }));
}

function importsOf({ text }: SourceFile): string[] {
  const from = /^(?:import|export)\b[^'";]*?from\s*['"]([^'"]+)['"]/gm;
  const bare = /\bimport\s*\(?\s*['"]([^'"]+)['"]/g;
  return [...text.matchAll(from), ...text.matchAll(bare)].map(match => match[1] ?? '');
}

/** The room of a file below src/, or the name of a main. */
function roomOf(path: string): string {
  return relative(source, path).split('/')[0]?.replace(/\.ts$/, '') ?? '';
}

function allowedFor(path: string): readonly string[] {
  const room = roomOf(path);
  const main = mains[room];
  if (main !== undefined && dirname(path) === source) return [main, ...(mayImport[main] ?? [])];
  return [room, ...(mayImport[room] ?? [])];
}

const files = readSources(source);

test('every file is in a room of the house, or is a main', () => {
  const strangers = files.map(({ path }) => roomOf(path)).filter(room => !(room in mayImport) && !(room in mains));
  expect(strangers).toEqual([]);
});

test('no file imports through a wall', () => {
  const forbidden = files.flatMap(file =>
    importsOf(file)
      .filter(name => name.startsWith('.'))
      .map(name => resolve(dirname(file.path), name))
      .filter(target => !allowedFor(file.path).includes(roomOf(target)) || target.startsWith('..'))
      .map(target => `${relative(root, file.path)} imports ${relative(root, target)}`),
  );
  expect(forbidden).toEqual([]);
});

test('the pure core has no clock, no I/O and no packages', () => {
  const impure = files
    .filter(({ path }) => roomOf(path) === 'lab' && !path.endsWith('.test.ts'))
    .filter(
      file =>
        importsOf(file).some(name => !name.startsWith('.')) ||
        /Date\.now|new Date\(\)|Math\.random|process\./.test(file.text),
    );
  expect(impure.map(({ path }) => relative(root, path))).toEqual([]);
});

test('files have one subject: none is long, none is a drawer', () => {
  const tests = ['integration', 'e2e', 'crash', 'bench', 'model'].flatMap(folder =>
    readSources(join(root, 'test', folder)),
  );
  const all = [...files, ...readSources(join(root, 'bin')), ...tests];
  const long = all.filter(({ text }) => text.split('\n').length - 1 > longestFile);
  expect(long.map(({ path }) => relative(root, path))).toEqual([]);
  const drawers = all.filter(({ path }) =>
    [...relative(root, dirname(path)).split('/'), basename(path).split('.')[0] ?? ''].some(name =>
      drawerNames.includes(name),
    ),
  );
  expect(drawers.map(({ path }) => relative(root, path))).toEqual([]);
});

test('labcli is thin: besides node it has commander and nothing else', async () => {
  const { metafile } = await build({
    entryPoints: [join(source, 'labcli.ts')],
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
    metafile: true,
    // Loaded by one command alone: see bin/build.ts.
    external: ['./cli/run-in-jail.ts'],
    logLevel: 'silent',
  });
  const packages = Object.keys(metafile.inputs).flatMap(
    path => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
  );
  expect([...new Set(packages)]).toEqual(['commander']);
  const [output] = Object.values(metafile.outputs);
  const builtins = output?.imports.map(({ path }) => path.replace(/^node:/, ''));
  // node:http alone takes as long to load as all of labcli's own code.
  expect(builtins).not.toContain('http');
});
