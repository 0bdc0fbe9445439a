import { unknownName } from './unknown-name.ts';

const known = { names: ['rockpro64', 'x86'], what: 'classes', listedBy: 'classes' };
const many = { ...known, names: Array.from({ length: 20 }, (_, index) => `board-of-a-kind-${index}`) };

test.each([
  ['the name that was meant', 'rokpro64', known, 'did you mean rockpro64?'],
  ['the few that there are', 'pc-engines', known, 'the classes are rockpro64, x86'],
  ['of many, who lists them', 'pc', many, '`labcli classes` lists them'],
  ['of none, nothing to read', 'pc', { names: [], what: 'labels' }, undefined],
])('the hint tells %s', (_, typed, names, hint) => {
  expect(unknownName('there is no such class', typed, names)).toMatchObject({ code: 'not-found', hint });
});
