import fc from 'fast-check';
import { createOidTree, type Instance } from './oid-tree.ts';

const instance = (oid: string): Instance => ({ oid, read: () => ({ type: 'Integer', value: 1 }) });

test('walking from the root gives every instance once, by number and not by letter', () => {
  const tree = createOidTree(['1.3.10', '1.3.9', '1.3.9.1', '1.3.2.100'].map(instance));
  const walked: string[] = [];
  for (let next = tree.findNext('1'); next; next = tree.findNext(next.oid)) walked.push(next.oid);
  expect(walked).toEqual(['1.3.2.100', '1.3.9', '1.3.9.1', '1.3.10']);
});

test('the next instance is always the smallest that is greater', () => {
  const oid = fc.array(fc.nat(4), { minLength: 1, maxLength: 4 }).map(arcs => arcs.join('.'));
  fc.assert(
    fc.property(fc.uniqueArray(oid), oid, (oids, asked) => {
      const tree = createOidTree(oids.map(instance));
      const next = tree.findNext(asked)?.oid;
      // One digit an arc, so the order of text is the order of OIDs.
      const greater = oids.filter(other => other > asked).sort();
      expect(next).toBe(greater[0]);
    }),
  );
});
