import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * Makes `directory`/NAME.mjs of test/integration/NAME.ts and all that it imports, which needs no compiler where it runs:
 * node's for TypeScript takes seconds in an emulated machine.
 */
export async function bundleProgram(name: string, directory: string): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, `${name}.ts`)],
    outfile: join(directory, `${name}.mjs`),
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
}
