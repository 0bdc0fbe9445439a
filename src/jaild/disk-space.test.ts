import { warnOfDiskSpace } from './disk-space.ts';

const gigabyte = 1024 ** 3;

test('no word when the disks of all jails fit, even to the last byte', () => {
  expect(warnOfDiskSpace({ promised: 6 * gigabyte, available: 6 * gigabyte })).toBeUndefined();
});

test('a warning with both figures when they do not', () => {
  const sentence = warnOfDiskSpace({ promised: 12 * gigabyte, available: 12 * gigabyte - 1 });
  expect(sentence).toContain('can grow to 12.0 GB');
  expect(sentence).toContain('root_size and nfs_size');
});
