import { encodePortList } from './vlan-table.ts';

test.each([
  [[], 8, '00'],
  [[1], 8, '80'],
  [[8], 8, '01'],
  [[1, 9], 9, '8080'],
  [[1, 2, 3, 4, 5, 6, 7, 8, 16], 16, 'ff01'],
])('the ports %j of %d are %s, the first port in the highest bit', (members, portCount, hex) => {
  expect(encodePortList(members, portCount).toString('hex')).toBe(hex);
});
