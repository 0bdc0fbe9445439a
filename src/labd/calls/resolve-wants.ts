import type { BoardClass } from '../../config/lab-config.ts';
import { LabError } from '../../lab/error.ts';
import { unknownName } from '../../lab/unknown-name.ts';
import type { Want } from '../../lab/want.ts';
import type { Store } from '../../store/store.ts';
import type { Settings } from '../settings.ts';

/**
 * Finds what a wish names: its classes, each once, and the wants with their classes, since a board that is asked for by its handle has
 * the rules of its class. Throws `not-found` for a name that the lab does not have. That no single board has all that is
 * wanted of it is for the store to find.
 */
export async function resolveWants(
  asked: readonly Want[],
  settings: Settings,
  store: Store,
): Promise<{ readonly wants: readonly Want[]; readonly classes: readonly BoardClass[] }> {
  const wants = await Promise.all(asked.map(want => withClass(want, store)));
  const names = new Set(wants.flatMap(want => want.class ?? []));
  const classes = [...names].map(name => findClass(name, settings));
  checkLabels(wants, settings);
  return { wants, classes };
}

async function withClass(want: Want, store: Store): Promise<Want> {
  if (want.board === undefined || want.class !== undefined) return want;
  const record = await store.findBoard(want.board);
  if (record?.isListed) return { ...want, class: record.board.class };
  const names = await store.listHandles();
  throw unknownName(`there is no board ${want.board}`, want.board, { names, what: 'boards', listedBy: 'status' });
}

function findClass(name: string, settings: Settings): BoardClass {
  const boardClass = settings.findClass(name);
  if (boardClass) return boardClass;
  const { boards, classes } = settings.current();
  const message = `there is no class ${name}`;
  if (boards.some(({ handle }) => handle === name)) {
    throw new LabError('not-found', message, { hint: `it is a board: \`labcli claim --board ${name}\`` });
  }
  const names = classes.map(each => each.name);
  throw unknownName(message, name, { names, what: 'classes', listedBy: 'classes' });
}

function checkLabels(wants: readonly Want[], settings: Settings): void {
  const asked = new Set(wants.flatMap(({ labels }) => labels));
  if (asked.size === 0) return;
  const names = [...new Set(settings.current().boards.flatMap(({ labels }) => labels))];
  const unknown = [...asked].find(label => !names.includes(label));
  if (unknown === undefined) return;
  throw unknownName(`no board has the label ${unknown}`, unknown, { names, what: 'labels' });
}
