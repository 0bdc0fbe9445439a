import {
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { JailSettings } from '../../config/lab-config.ts';
import { paths } from '../../system/paths.ts';
import { type RenderedFile, renderClaimFiles } from '../claim-files.ts';
import type { JailLayout, JailSpec } from '../jail-layout.ts';
import { absent, type Part, present } from '../part.ts';
import type { RenderTemplate } from '../template.ts';

/**
 * The files rendered for the claim, as a read-only layer of the jail's root. They are never written into the layer that
 * the user writes to: a link that the user left there could lead root out of the jail.
 */
export function createClaimLayer(
  spec: JailSpec,
  layout: JailLayout,
  settings: JailSettings,
  render: RenderTemplate,
): Part {
  const draft = `${layout.claimLayer}.new`;
  const { board, setup } = spec;

  async function remove() {
    for (const path of [draft, layout.claimLayer]) rmSync(path, { recursive: true, force: true });
  }

  return {
    name: 'claim-layer',
    needs: ['directory'],
    inspect: async () => (existsSync(layout.claimLayer) ? present : absent),
    async create() {
      await remove();
      const script = setup && readFileSync(join(paths.install, 'jails/setup', setup.script), 'utf8');
      writeLayer(draft, board.uidBase, renderClaimFiles(spec, settings, render, script));
      renameSync(draft, layout.claimLayer);
    },
    remove,
  };
}

/** A folder of an upper layer hides the mode of the same folder below it, so these must be right. */
const folders = [
  { path: '', mode: 0o755 },
  { path: 'etc', mode: 0o755 },
  { path: 'etc/ssh', mode: 0o755 },
] as const;

function writeLayer(directory: string, owner: number, files: readonly RenderedFile[]): void {
  for (const { path, mode } of folders) {
    mkdirSync(join(directory, path), { mode });
    chownSync(join(directory, path), owner, owner);
  }
  for (const { path, content, mode } of files) {
    const target = join(directory, path);
    if (!folders.some(folder => folder.path === dirname(path))) throw new Error(`no folder for ${path}`);
    writeFileSync(target, content, { mode });
    chownSync(target, owner, owner);
  }
  // What it says changes with the claim.
  const motd = join(directory, 'etc/motd');
  symlinkSync('/run/host-key/motd', motd);
  lchownSync(motd, owner, owner);
}
