import fc from 'fast-check';
import { compareRequests } from './request.ts';

test('higher priority first, then who asked first', () => {
  const requests = [
    { priority: 0, seq: 4 },
    { priority: 5, seq: 9 },
    { priority: 0, seq: 2 },
    { priority: -1, seq: 1 },
    { priority: 5, seq: 3 },
  ];
  expect(requests.toSorted(compareRequests)).toEqual([
    { priority: 5, seq: 3 },
    { priority: 5, seq: 9 },
    { priority: 0, seq: 2 },
    { priority: 0, seq: 4 },
    { priority: -1, seq: 1 },
  ]);
});

test('it is one order: whoever is before another is before all that come after that one', () => {
  const request = fc.record({ priority: fc.integer({ min: -2, max: 2 }), seq: fc.nat(5) });
  fc.assert(
    fc.property(request, request, request, (a, b, c) => {
      expect(Math.sign(compareRequests(a, b)) + Math.sign(compareRequests(b, a))).toBe(0);
      if (compareRequests(a, b) < 0 && compareRequests(b, c) < 0) expect(compareRequests(a, c)).toBeLessThan(0);
    }),
  );
});
