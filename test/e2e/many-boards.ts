import { parseDocument } from 'yaml';
import { readExampleLab } from './lab-under-test.ts';

/** The example lab with `count` boards in place of its own. */
export function labWithBoards(count: number): string {
  const document = parseDocument(readExampleLab());
  const boards = Array.from({ length: count }, (_, index) => ({
    handle: `rockpro64-${index + 1}`,
    class: 'rockpro64',
    mac: `52:54:00:00:02:${(index + 1).toString(16).padStart(2, '0')}`,
    vlan: 101 + index,
    power: { switch: 'poe1', port: index + 1 },
    serial: { path: `/run/vlab/tty/rockpro64-${index + 1}`, baud: 115200 },
  }));
  document.set('boards', boards);
  document.setIn(['virtual', 'ports'], count + 1);
  return document.toString();
}

/** Sets values in a lab.yaml, each by the path to it. */
export function editLab(
  labYaml: string,
  edits: readonly (readonly [path: readonly (string | number)[], value: unknown])[],
): string {
  const document = parseDocument(labYaml);
  for (const [path, value] of edits) document.setIn(path, value);
  return document.toString();
}
