import fc from 'fast-check';
import { assign, describeWant, signatureOf, type Want } from './want.ts';

test.each<[Want, string]>([
  [{ class: 'rockpro64', labels: [] }, 'rockpro64'],
  [{ class: 'rockpro64', labels: ['sdmux'] }, 'rockpro64 with sdmux'],
  [{ class: 'rockpro64', labels: ['sdmux', 'ram=4g'] }, 'rockpro64 with sdmux and ram=4g'],
  [{ class: 'rockpro64', board: 'rockpro64-1', labels: [] }, 'rockpro64-1'],
  [{ labels: ['sdmux'] }, 'any board with sdmux'],
])('%j is described as %s', (want, text) => {
  expect(describeWant(want)).toBe(text);
});

test('what is asked for in another order is the same; what differs in anything is not', () => {
  const rock: Want = { class: 'rock', labels: ['a', 'b'] };
  const pine: Want = { class: 'pine', labels: [] };
  expect(signatureOf([rock, pine])).toBe(signatureOf([pine, { class: 'rock', labels: ['b', 'a'] }]));
  const others: (readonly Want[])[] = [
    [rock],
    [rock, pine, pine],
    [{ ...rock, labels: ['a'] }, pine],
    [{ board: 'rock', labels: ['a', 'b'] }, pine],
    [{ ...rock, labels: ['a,b'] }, pine],
    [{ ...rock, labels: ['a"b'] }, pine],
  ];
  const signatures = others.map(signatureOf);
  expect(signatures).not.toContain(signatureOf([rock, pine]));
  expect(new Set(signatures).size).toBe(others.length);
});

test('asking does not change the order of what is asked for', () => {
  const labels = ['b', 'a'];
  signatureOf([{ labels }]);
  expect(labels).toEqual(['b', 'a']);
});

test('each place has the first of its choices that is left', () => {
  expect(
    assign([
      ['a', 'b'],
      ['a', 'b'],
    ]),
  ).toEqual(['a', 'b']);
  expect(assign([['b', 'a'], ['a']])).toEqual(['b', 'a']);
  expect(assign([])).toEqual([]);
});

test('a place moves on for one that has no other choice, over several places', () => {
  expect(assign([['a', 'b'], ['a']])).toEqual(['b', 'a']);
  expect(assign([['a', 'b'], ['b', 'c'], ['a'], ['c', 'd']])).toEqual(['b', 'c', 'a', 'd']);
});

test('where places are too many, or one has no choice, nobody gets anything', () => {
  expect(assign([['a'], ['a']])).toBeUndefined();
  expect(assign([['a'], []])).toBeUndefined();
  expect(
    assign([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ]),
  ).toBeUndefined();
});

/** Tries everything. */
function canBe([first, ...others]: readonly (readonly number[])[]): boolean {
  if (!first) return true;
  return first.some(choice => canBe(others.map(choices => choices.filter(other => other !== choice))));
}

test('there is an assignment exactly when trying everything finds one, and each has its own of its choices', () => {
  const places = fc.array(fc.uniqueArray(fc.nat(5), { maxLength: 5 }), { maxLength: 6 });
  fc.assert(
    fc.property(places, choices => {
      const assigned = assign(choices);
      expect(assigned !== undefined).toBe(canBe(choices));
      if (!assigned) return;
      expect(assigned.length).toBe(choices.length);
      expect(new Set(assigned).size).toBe(choices.length);
      expect(assigned.every((choice, place) => choices[place]?.includes(choice))).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
