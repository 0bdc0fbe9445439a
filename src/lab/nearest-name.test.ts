import { nearestName } from './nearest-name.ts';

const verbs = ['classes', 'status', 'claim', 'reinit', 'release', 'power', 'console', 'help'];

test.each([
  ['calim', 'claim'],
  ['clam', 'claim'],
  ['relaese', 'release'],
  ['statuss', 'status'],
  ['xyzzy', undefined],
  ['', undefined],
  ['powerpowerpowerpower', undefined],
])('%s is meant to be %s', (typed, meant) => {
  expect(nearestName(typed, verbs)).toBe(meant);
});
