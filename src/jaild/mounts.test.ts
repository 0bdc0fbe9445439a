import { parseMounts } from './mounts.ts';

test('reads mount points and types, with optional fields and escaped spaces', () => {
  const text = [
    '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=continue',
    '40 35 0:4 net:[4026532] /run/labcli/jaild/a.net rw - nsfs nsfs rw',
    '41 35 0:5 / /mnt/with\\040space rw - overlay overlay rw',
    '',
  ].join('\n');
  expect(parseMounts(text)).toEqual([
    { mountPoint: '/mnt2', fsType: 'ext3', options: ['rw', 'errors=continue'] },
    { mountPoint: '/run/labcli/jaild/a.net', fsType: 'nsfs', options: ['rw'] },
    { mountPoint: '/mnt/with space', fsType: 'overlay', options: ['rw'] },
  ]);
});
