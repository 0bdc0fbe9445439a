import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseSubnet } from '../config/ipv4.ts';
import type { BoardNetwork } from '../lab/board.ts';
import { LabError } from '../lab/error.ts';
import { type NfsExport, parseExports } from './exports.ts';
import type { JailLayout, JailSpec } from './jail-layout.ts';
import { writeDurably } from './jail-record.ts';
import type { RenderTemplate } from './template.ts';

/** What was last applied, beside the jail. */
interface AppliedExports {
  readonly text: string;
  /**
   * By folder. An export's number is part of the file handles that a board keeps, so a folder keeps its number while it is
   * exported, and another does not get it at once.
   */
  readonly numbers: Readonly<Record<string, number>>;
}

/** What a jail's /etc/exports says before anybody has changed it. */
export function renderExports({ subnet, prefixLength }: BoardNetwork, render: RenderTemplate): string {
  return render('exports', { subnet, prefixLength });
}

/** The configuration of nfs-ganesha for the exports that were last applied, or else for those that a jail begins with. */
export function renderFileServer(spec: JailSpec, layout: JailLayout, render: RenderTemplate): string {
  const { text, numbers } = readApplied(spec, layout, render);
  // A folder that the user has removed since must not keep the rest from being exported.
  const exports = parseExports(text, wireOf(spec)).filter(({ folder }) => isFolder(layout, folder));
  return renderConfiguration(spec, exports, numbers, render);
}

/**
 * Keeps what `text`, the jail's /etc/exports, says for the file server's next start. Throws `LabError('usage')` that names the
 * lines which are wrong.
 */
export function keepExports(
  spec: JailSpec,
  layout: JailLayout,
  render: RenderTemplate,
  text: string,
): readonly NfsExport[] {
  const exports = parseExports(text, wireOf(spec));
  const missing = exports.filter(({ folder }) => !isFolder(layout, folder)).map(pathOf);
  if (missing.length > 0) {
    throw new LabError('usage', `/etc/exports: there is no folder ${missing.join(', ')} (a link is not followed)`, {
      hint: 'nothing was changed; make the folder first',
    });
  }
  const numbers = numberFolders(exports, readApplied(spec, layout, render).numbers);
  writeDurably(layout.exportsFile, JSON.stringify({ text, numbers } satisfies AppliedExports));
  return exports;
}

export function pathOf({ folder }: Pick<NfsExport, 'folder'>): string {
  return folder === '' ? '/srv/nfs' : `/srv/nfs/${folder}`;
}

function renderConfiguration(
  { board }: JailSpec,
  exports: readonly NfsExport[],
  numbers: AppliedExports['numbers'],
  render: RenderTemplate,
): string {
  // Each by two names: the one in exports(5), and the short one, which DHCP tells the board.
  const names = exports.flatMap(each => {
    const path = pathOf(each);
    const number = numbers[each.folder] ?? 0;
    return [
      { ...each, path, name: path, id: 2 * number - 1 },
      { ...each, path, name: path.slice('/srv'.length), id: 2 * number },
    ];
  });
  return render('ganesha.conf', { handle: board.handle, names });
}

/** What the file server of a new jail is told. */
export function renderFirstFileServer(spec: JailSpec, render: RenderTemplate): string {
  const exports = parseExports(renderExports(spec.board.network, render), wireOf(spec));
  return renderConfiguration(spec, exports, numberFolders(exports, {}), render);
}

/** Gives new folders the smallest numbers that no folder has or just had. */
export function numberFolders(
  exports: readonly Pick<NfsExport, 'folder'>[],
  before: Readonly<Record<string, number>>,
): Record<string, number> {
  const taken = new Set(Object.values(before));
  const numbers: Record<string, number> = {};
  for (const { folder } of exports) {
    let number = Object.hasOwn(before, folder) ? before[folder] : undefined;
    for (let free = 1; number === undefined; free++) if (!taken.has(free)) number = free;
    taken.add(number);
    numbers[folder] = number;
  }
  return numbers;
}

function readApplied(spec: JailSpec, layout: JailLayout, render: RenderTemplate): AppliedExports {
  if (existsSync(layout.exportsFile)) return JSON.parse(readFileSync(layout.exportsFile, 'utf8')) as AppliedExports;
  const text = renderExports(spec.board.network, render);
  return { text, numbers: numberFolders(parseExports(text, wireOf(spec)), {}) };
}

/** The mount follows no links (see parts/nfs-disk.ts), so this looks at nothing but the jail's own file system. */
function isFolder({ nfsMount }: JailLayout, folder: string): boolean {
  try {
    return statSync(join(nfsMount, folder)).isDirectory();
  } catch {
    return false;
  }
}

function wireOf({ board }: JailSpec) {
  const { subnet, prefixLength } = board.network;
  const wire = parseSubnet(`${subnet}/${prefixLength}`);
  if (typeof wire === 'string') throw new LabError('bug', `the wire of ${board.handle}: ${wire}`);
  return wire;
}
