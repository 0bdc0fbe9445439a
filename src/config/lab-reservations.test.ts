import { changed, good, load, mistakesOf } from './lab-under-test.ts';

test('without a word about reservations, users have no role and no limit', () => {
  const { roles, users, reservations, classes } = load(good);
  expect({ roles, role: users[0]?.role, quota: users[0]?.quota }).toEqual({ roles: [], role: undefined, quota: {} });
  expect(reservations).toEqual({
    holdGraceMs: 60_000,
    warnMs: 600_000,
    outageGraceMs: 300_000,
    historyMs: 34_560_000_000,
  });
  expect(classes[0]).toMatchObject({ maxLeaseMs: 7 * 86_400_000, yieldsToWaiters: false });
});

test('roles, quotas, labels, leases and health checks', () => {
  const config = load(
    changed(
      [
        'users:\n',
        'roles: [{ name: ci, admin: true, priority: 5, boards: 2, waiting: 3, lease: 2h, together: 4 }]\nusers:\n',
      ],
      ['  - name: bob\n', '  - name: bob\n    role: ci\n    priority: 9\n    boards: 1\n'],
      ['    lease: 4h\n', '    lease: 4h\n    max_lease: 1d\n    extend_while_waiting: false\n'],
      [
        'off_time: 1s\n',
        "off_time: 1s\n    health: { expect: 'login: $', within: 90s, every: 12h, after_claims: 20 }\n",
      ],
      ['    mac: 52:54:00:00:01:65\n', '    labels: [sdmux, ram=4g]\n    mac: 52:54:00:00:01:65\n'],
    ),
  );
  expect(config.roles).toEqual([
    { name: 'ci', isAdmin: true, priority: 5, quota: { boards: 2, waiting: 3, leaseMs: 7_200_000 }, together: 4 },
  ]);
  expect(config.users[1]).toMatchObject({ role: 'ci', priority: 9, quota: { boards: 1 } });
  expect(config.classes[0]).toMatchObject({
    maxLeaseMs: 86_400_000,
    yieldsToWaiters: true,
    health: { expect: /login: $/m, withinMs: 90_000, everyMs: 43_200_000, afterClaims: 20 },
  });
  expect(config.boards[0]?.labels).toEqual(['sdmux', 'ram=4g']);
});

test.each([
  [
    'a role that there is not',
    ['  - name: bob\n', '  - name: bob\n    role: boss\n'],
    /users\[1\]\.role: there is no role boss/,
  ],
  ['the lab’s own name', ['- name: bob', '- name: system'], /system is the lab itself/],
  [
    'a longest lease that is shorter',
    ['lease: 4h', 'lease: 4h\n    max_lease: 1h'],
    /max_lease: this is shorter than the lease/,
  ],
  [
    'a pattern that is none',
    ['off_time: 1s', "off_time: 1s\n    health: { expect: '(' }"],
    /this is not a regular expression/,
  ],
  [
    'a label with a space',
    ['    vlan: 101', "    labels: ['ram 4g']\n    vlan: 101"],
    /a label is a word such as sdmux/,
  ],
] as const)('%s is refused', (_what, change, mistake) => {
  expect(mistakesOf(changed(change))).toMatch(mistake);
});
