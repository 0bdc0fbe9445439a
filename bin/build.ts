import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

/**
 * Makes dist/, which is what /opt/labcli holds on a lab host: bin/ (labcli as one file, the key lookup), lib/ (a bundle for
 * each daemon), and the data files that programs read at run time. Packages with native parts stay in node_modules/.
 */
const source = join(import.meta.dirname, '..');
const target = join(source, 'dist');

const daemons = ['labd', 'jaild', 'vlab'];
const nativePackages = ['better-sqlite3', 'serialport', '@serialport/*'];
const dataFolders = ['jails', 'templates'];

rmSync(target, { recursive: true, force: true });
for (const folder of ['bin', 'lib']) mkdirSync(join(target, folder), { recursive: true });

const loadWhenNeeded: Plugin = {
  name: 'load when needed',
  setup({ onResolve }) {
    onResolve({ filter: /run-in-jail\.ts$/ }, () => ({ path: './run-in-jail.cjs', external: true }));
  },
};

// Started by every ssh connection: CommonJS loads 25 ms faster than an ES module with the same content.
await build({
  entryPoints: [join(source, 'src/labcli.ts')],
  outfile: join(target, 'bin/labcli'),
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  banner: { js: '#!/opt/labcli/bin/node' },
  plugins: [loadWhenNeeded],
  logLevel: 'warning',
});
// Few commands need an ssh client, and it is ten times as large as the rest.
await build({
  entryPoints: [join(source, 'src/cli/run-in-jail.ts')],
  outfile: join(target, 'bin/run-in-jail.cjs'),
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  // ssh2 does without its native parts where it finds none.
  external: ['cpu-features', '*.node'],
  logLevel: 'warning',
});
chmodSync(join(target, 'bin/labcli'), 0o755);

await build({
  entryPoints: daemons.map(name => join(source, `src/${name}.ts`)),
  outdir: join(target, 'lib'),
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // Less text is less memory; names stay, for the log's sake.
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: 'linked',
  external: nativePackages,
  // What was written for CommonJS calls `require` for node's own modules.
  banner: {
    js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
writeFileSync(join(target, 'lib/package.json'), '{ "type": "module" }\n');

for (const script of ['authorized-keys', 'jail-base']) {
  cpSync(join(source, 'bin', script), join(target, 'bin', script));
  chmodSync(join(target, 'bin', script), 0o755);
}
for (const folder of dataFolders) cpSync(join(source, folder), join(target, folder), { recursive: true });
const { version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { version: string };
writeFileSync(join(target, 'version'), `${version}\n`);
