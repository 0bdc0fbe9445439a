import { parseExports } from './exports.ts';

const wire = { first: 0x0a60_6500, prefixLength: 24 };
const parse = (text: string) => parseExports(text, wire);
const plain = { access: 'RO', squash: 'Root_Squash', anonymousUid: 65_534, anonymousGid: 65_534 };

test('comments and empty lines are nothing; without options a client reads, and is not root', () => {
  expect(parse('# nothing\n\n  /srv/nfs\t*  # all of it\n')).toEqual([
    { folder: '', clients: [{ ...plain, subnet: '10.96.101.0/24', needsPrivilegedPort: false }] },
  ]);
});

test('each client has options of its own, and the smaller network counts first', () => {
  const [only] = parse('/srv/nfs/a/b.c/ *(rw,sync) 10.96.101.100(ro,all_squash,anonuid=33,anongid=44,secure)');
  expect(only?.folder).toBe('a/b.c');
  expect(only?.clients).toEqual([
    {
      subnet: '10.96.101.100/32',
      access: 'RO',
      squash: 'All_Squash',
      anonymousUid: 33,
      anonymousGid: 44,
      needsPrivilegedPort: true,
    },
    { ...plain, subnet: '10.96.101.0/24', access: 'RW', needsPrivilegedPort: false },
  ]);
});

test.each([
  ['/srv/nfs/../../etc *(rw)', 'name'],
  ['/srv/nfs/.. *(rw)', 'name'],
  ['/srv/nfs/./a *(rw)', 'name'],
  ['/srv/nfs//a *(rw)', 'name'],
  ['/srv/nfsx *(rw)', 'a path is /srv/nfs'],
  ['/ *(rw)', 'a path is /srv/nfs'],
  ['srv/nfs *(rw)', 'a path is /srv/nfs'],
  ['/srv/nfs/a";} *(rw)', 'name'],
  ['/srv/nfs/a\\040b *(rw)', 'name'],
  ['/srv/nfs/\u202e *(rw)', 'name'],
  ['"/srv/nfs" *(rw)', 'a path is /srv/nfs'],
  [`/srv/nfs/${'a'.repeat(300)} *(rw)`, 'name'],
  [`/srv/nfs${'/a'.repeat(17)} *(rw)`, 'name'],
  ['/srv/nfs', 'no client'],
  ['/srv/nfs (rw)', 'without a space'],
  ['/srv/nfs * (rw)', 'without a space'],
  ['/srv/nfs *(rw', 'without a space'],
  ['/srv/nfs board(rw)', 'a client is'],
  ['/srv/nfs 010.96.101.1(rw)', 'a client is'],
  ['/srv/nfs 10.96.101.0/24;(rw)', 'a client is'],
  ['/srv/nfs 0.0.0.0/0(rw)', 'not on the board'],
  ['/srv/nfs 10.96.0.0/16(rw)', 'not on the board'],
  ['/srv/nfs 10.96.102.1(rw)', 'not on the board'],
  ['/srv/nfs *(rw,fsid=0)', 'an option is one of'],
  ['/srv/nfs *(rw,constructor)', 'an option is one of'],
  ['/srv/nfs *(anonuid=65536)', 'an option is one of'],
  ['/srv/nfs *(anonuid=-1)', 'an option is one of'],
  [`/srv/nfs ${'* '.repeat(17)}`, 'at most 16 clients'],
  ['/srv/nfs *(rw)\n/srv/nfs/ *(ro)', 'line 4: an earlier line'],
  [Array.from({ length: 17 }, (_, n) => `/srv/nfs/${n} *`).join('\n'), 'line 19: a jail has at most 16'],
])('%j is refused, and the line is named', (text, reason) => {
  expect(() => parse(`# two lines of\n# comment\n${text}`)).toThrow(reason);
  expect(() => parse(`# two lines of\n# comment\n${text}`)).toThrow(/^\/etc\/exports line \d+: /);
});

test('every wrong line is told at once, a screenful at most', () => {
  expect(() => parse('/a *\n/srv/nfs *\n/b *')).toThrow(/line 1: .*\n.*line 3: /);
  expect(() => parse('/a *\n'.repeat(1000))).toThrow(
    expect.objectContaining({ message: expect.not.stringMatching(/line 11/) }),
  );
});
