import { boardsOf, describeStore, makeBoard, rocks } from './store-under-test.ts';

const boards = [
  makeBoard(1, 'rock', ['sdmux', 'ram=4g']),
  makeBoard(2, 'rock', ['ram=8g']),
  makeBoard(3, 'rock', ['sdmux', 'ram=8g']),
  makeBoard(1, 'other', ['sdmux']),
];
const minuteMs = 60_000;

describeStore('the queue', boards, lab => {
  /** Three rocks and the other one are somebody's for a long time. */
  async function holdAll() {
    const rocksHeld = await lab.ask({ ...rocks(3), user: 'holder', leaseMs: 1e9 });
    const other = await lab.ask({ wants: [{ class: 'other', labels: [] }], user: 'holder', leaseMs: 1e9 });
    const claims = [...rocksHeld.granted, ...other.granted].map(({ claim }) => claim);
    for (const { id } of [...rocksHeld.granted, ...other.granted]) {
      await lab.store.finishOperation(id, { state: 'done' });
    }
    return Object.fromEntries(claims.map(claim => [claim.board, claim]));
  }

  async function releaseBoard(board: string) {
    const record = await lab.store.findBoard(board);
    return lab.release({ board, epoch: record?.epoch ?? 0 });
  }

  test.each([
    [{ class: 'rock', labels: ['sdmux'] }, ['rock-1', 'rock-3']],
    [{ labels: ['sdmux'] }, ['other-1', 'rock-1', 'rock-3']],
    [{ class: 'rock', labels: ['sdmux', 'ram=8g'] }, ['rock-3']],
    [{ board: 'rock-2', labels: [] }, ['rock-2']],
    [{ board: 'rock-2', class: 'rock', labels: ['ram=8g'] }, ['rock-2']],
    [{ labels: [] }, ['other-1', 'rock-1', 'rock-2', 'rock-3']],
  ])('%j is met by %j, and by no other', async (want, fitting) => {
    const got = [];
    for (const _ of fitting) got.push((await lab.claim({ wants: [want] })).board);
    expect(got.sort()).toEqual(fitting);
    await expect(lab.ask({ wants: [want] })).rejects.toMatchObject({ code: 'busy' });
  });

  test.each([
    [[{ class: 'rook', labels: [] }], 'the lab has no rook'],
    [[{ class: 'rock', labels: ['ram=16g'] }], 'the lab has no rock with ram=16g'],
    [[{ board: 'rock-9', labels: [] }], 'the lab has no rock-9'],
    [[{ board: 'rock-1', labels: ['ram=8g'] }], 'the lab has no rock-1 with ram=8g'],
    [rocks(4).wants, 'the lab has fewer than 4 boards like these'],
    [
      [
        { class: 'rock', labels: ['sdmux', 'ram=8g'] },
        { board: 'rock-3', labels: [] },
      ],
      'the lab has fewer than 2',
    ],
  ])('what can never be met does not wait: %j', async (wants, message) => {
    await expect(lab.ask({ wants, waits: true })).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining(message),
    });
    expect(await lab.store.listQueue()).toEqual([]);
  });

  test('several boards are given all at once, each to the place that only it fits', async () => {
    const { granted, requestId } = await lab.ask({
      wants: [
        { class: 'rock', labels: [] },
        { class: 'rock', labels: ['sdmux'] },
        { board: 'rock-1', labels: [] },
      ],
      waits: true,
    });
    expect(boardsOf(granted)).toEqual(['rock-2', 'rock-3', 'rock-1']);
    expect(await lab.store.listQueue()).toEqual([]);
    expect(await lab.store.findRequest(requestId)).toMatchObject({ ended: 'granted' });
    const building = await lab.store.listClaimOperations(requestId);
    expect(boardsOf(building).sort()).toEqual(['rock-1', 'rock-2', 'rock-3']);
  });

  test('all or none: two of three free boards are not taken for a request of three', async () => {
    const held = await lab.claim({ wants: [{ board: 'rock-2', labels: [] }] });
    await expect(lab.ask(rocks(3))).rejects.toMatchObject({
      code: 'busy',
      message: 'no board is free: rock and rock and rock',
    });
    const { requestId, granted } = await lab.ask({ ...rocks(3), user: 'bob', waits: true });
    expect(granted).toEqual([]);
    expect((await lab.store.listBoards({ user: 'bob' })).length).toBe(0);
    const handedOn = await lab.release(held);
    expect(boardsOf(handedOn).sort()).toEqual(['rock-1', 'rock-2', 'rock-3']);
    expect(new Set(handedOn.map(({ claim }) => claim.requestId))).toEqual(new Set([requestId]));
  });

  test('higher priority first, then who asked first', async () => {
    await holdAll();
    for (const [user, priority] of [
      ['late', 0],
      ['later', 0],
      ['urgent', 5],
    ] as const) {
      lab.clock.nowMs += 1;
      await lab.ask({ user, priority, waits: true, leaseMs: 1e9 });
    }
    expect((await lab.store.listQueue()).map(({ user, priority }) => [user, priority])).toEqual([
      ['urgent', 5],
      ['late', 0],
      ['later', 0],
    ]);
    const served = [];
    for (const board of ['rock-2', 'rock-1', 'rock-3']) {
      served.push(...(await releaseBoard(board)).map(({ claim }) => `${claim.user} ${claim.board} ${claim.epoch}`));
    }
    expect(served).toEqual(['urgent rock-2 2', 'late rock-1 2', 'later rock-3 2']);
  });

  test('the order of asking is kept when the clock goes back', async () => {
    await holdAll();
    await lab.ask({ user: 'first', waits: true });
    lab.clock.nowMs -= 500_000;
    await lab.ask({ user: 'second', waits: true });
    expect((await lab.store.listQueue()).map(({ user }) => user)).toEqual(['first', 'second']);
    expect((await releaseBoard('rock-1')).map(({ claim }) => claim.user)).toEqual(['first']);
  });

  test('a board goes to the first whom it fits, past those whom it does not', async () => {
    await holdAll();
    await lab.ask({ user: 'picky', wants: [{ class: 'rock', labels: ['sdmux', 'ram=8g'] }], waits: true });
    await lab.ask({ user: 'greedy', ...rocks(2), waits: true });
    await lab.ask({ user: 'modest', waits: true });
    expect((await releaseBoard('rock-1')).map(({ claim }) => claim.user)).toEqual(['modest']);
    expect((await releaseBoard('other-1')).length).toBe(0);
    expect((await releaseBoard('rock-3')).map(({ claim }) => claim.user)).toEqual(['picky']);
  });

  test('one who does not wait gets nothing that a waiter is to have', async () => {
    await holdAll();
    await lab.ask({ user: 'waiter', ...rocks(2), waits: true });
    expect(await releaseBoard('rock-1')).toEqual([]);
    lab.clock.nowMs += 10 * minuteMs;
    await expect(lab.ask({ user: 'passer-by' })).rejects.toMatchObject({ code: 'busy' });
    const { granted } = await lab.ask({ user: 'waiter', waits: true, wants: [{ board: 'rock-1', labels: [] }] });
    expect(granted).toEqual([]);
  });

  test('boards are set aside for several after ten minutes of waiting, not before', async () => {
    await holdAll();
    await lab.ask({ user: 'greedy', ...rocks(2), waits: true });
    lab.clock.nowMs += 10 * minuteMs - 1;
    await lab.ask({ user: 'modest', waits: true, leaseMs: 1e9 });
    const handedOn = await releaseBoard('rock-1');
    expect(handedOn.map(({ claim }) => claim.user)).toEqual(['modest']);
    for (const { id } of handedOn) await lab.store.finishOperation(id, { state: 'done' });
    lab.clock.nowMs += 1;
    await lab.ask({ user: 'modest', waits: true });
    expect(await releaseBoard('rock-1')).toEqual([]);
    expect((await releaseBoard('rock-2')).map(({ claim }) => claim.user)).toEqual(['greedy', 'greedy']);
  });

  test('what was set aside goes on when the request that it was for is over', async () => {
    await holdAll();
    await lab.ask({ user: 'greedy', ...rocks(2), waits: true, waitMs: 11 * minuteMs });
    lab.clock.nowMs += 10 * minuteMs;
    await lab.ask({ user: 'modest', waits: true });
    expect(await releaseBoard('rock-1')).toEqual([]);
    lab.clock.nowMs += minuteMs;
    const { isChanged, granted } = await lab.store.settle();
    expect([isChanged, granted.map(({ claim }) => claim.user)]).toEqual([true, ['modest']]);
  });

  test('a newer request like an old one does not hide that the old one has waited long', async () => {
    await holdAll();
    await lab.ask({ user: 'old', ...rocks(2), waits: true });
    lab.clock.nowMs += 10 * minuteMs;
    await lab.ask({ user: 'new', ...rocks(2), waits: true, priority: 1 });
    await lab.ask({ user: 'modest', waits: true });
    expect(await releaseBoard('rock-1')).toEqual([]);
  });

  test('waiting ends at its deadline, by the clock of the store', async () => {
    await holdAll();
    const { requestId } = await lab.ask({ user: 'bob', waits: true, waitMs: 1000 });
    expect(await lab.store.findRequest(requestId)).toMatchObject({ deadlineAtMs: lab.clock.nowMs + 1000 });
    lab.clock.nowMs += 999;
    expect(await lab.store.settle()).toEqual({ isChanged: false, granted: [] });
    expect((await lab.store.listQueue()).length).toBe(1);
    lab.clock.nowMs += 1;
    expect(await lab.store.settle()).toEqual({ isChanged: true, granted: [] });
    expect(await lab.store.listQueue()).toEqual([]);
    expect(await lab.store.findRequest(requestId)).toMatchObject({ ended: 'timeout' });
  });

  test('a request ends once, and is served no more', async () => {
    await holdAll();
    const { requestId } = await lab.ask({ user: 'bob', waits: true });
    expect(await lab.store.endRequest(requestId, 'cancelled', 'bob')).toBe(true);
    expect(await lab.store.endRequest(requestId, 'disconnected', 'bob')).toBe(false);
    expect(await lab.store.findRequest(requestId)).toMatchObject({ ended: 'cancelled' });
    expect(await releaseBoard('rock-1')).toEqual([]);
    expect(await lab.store.findRequest(requestId + 1)).toBeUndefined();
  });

  test('one who does not wait and gets nothing leaves no trace in queue and events', async () => {
    await holdAll();
    const before = await lab.store.listEvents({ afterId: 0, limit: 1000 });
    await expect(lab.ask({ user: 'bob' })).rejects.toMatchObject({ code: 'busy' });
    expect(await lab.store.listQueue()).toEqual([]);
    expect(await lab.store.listEvents({ afterId: 0, limit: 1000 })).toEqual(before);
  });

  test("who holds the boards that fit is told in the order of the leases' ends", async () => {
    await lab.claim({ wants: [{ board: 'rock-2', labels: [] }], user: 'bob', leaseMs: 9000 });
    await lab.claim({ wants: [{ board: 'rock-3', labels: [] }], user: 'carol', leaseMs: 3000 });
    await lab.claim({ wants: [{ board: 'other-1', labels: [] }], user: 'dave', leaseMs: 1000 });
    const rock = [{ class: 'rock', labels: [] }];
    const [carol, bob] = [
      { board: 'rock-3', user: 'carol', untilMs: 1_003_000 },
      { board: 'rock-2', user: 'bob', untilMs: 1_009_000 },
    ];
    expect(await lab.store.listHolders(rock, 10)).toEqual([carol, bob]);
    expect(await lab.store.listHolders(rock, 1)).toEqual([carol]);
  });

  test("a claim that fails leaves its request's other claims as orphans, and is none itself", async () => {
    const { granted } = await lab.ask(rocks(2));
    const [first, second] = granted;
    if (!first || !second) throw new Error('two were expected');
    await lab.store.finishOperation(first.id, { state: 'done' });
    expect(await lab.store.listOrphans()).toEqual([]);
    await lab.store.markUndoing(second.id, { code: 'device', message: 'no' });
    expect(await lab.store.listOrphans()).toEqual([first.claim]);
    await lab.store.finishOperation(second.id, { state: 'failed', endReason: 'failed' });
    expect(await lab.store.listOrphans()).toEqual([first.claim]);
    await lab.release(first.claim, 'failed');
    expect(await lab.store.listOrphans()).toEqual([]);
  });

  test('boards that lab.yaml adds go to those who wait for them', async () => {
    await lab.store.syncLab(['rock', 'other'], boards.slice(0, 2));
    await lab.claim();
    await lab.claim();
    await lab.ask({ user: 'bob', waits: true });
    expect(boardsOf(await lab.store.syncLab(['rock', 'other'], boards))).toEqual(['rock-3']);
  });

  test('who waits for what lab.yaml has no more is told so, and others wait on', async () => {
    for (const _ of boards.slice(0, 3)) await lab.claim();
    const one = await lab.ask({ user: 'bob', waits: true });
    const three = await lab.ask({ ...rocks(3), user: 'carol', waits: true });
    const third = await lab.ask({ wants: [{ board: 'rock-3', labels: [] }], user: 'dave', waits: true });
    await lab.store.syncLab(['rock', 'other'], boards.slice(0, 2));
    const ends = [one, three, third].map(async ({ requestId }) => (await lab.store.findRequest(requestId))?.ended);
    expect(await Promise.all(ends)).toEqual([undefined, 'no such board any more', 'no such board any more']);
    expect(await lab.replay()).toEqual(await lab.store.readLab());
  });

  test("the board that has been idle the longest is the waiter's, and classes are counted", async () => {
    const first = await lab.claim();
    lab.clock.nowMs += 5;
    await lab.release(first);
    expect((await lab.claim()).board).toBe('rock-2');
    expect((await lab.claim()).board).toBe('rock-3');
    expect(await lab.store.countByClass()).toEqual(
      new Map([
        ['other', { boards: 1, available: 1 }],
        ['rock', { boards: 3, available: 1 }],
      ]),
    );
    expect(await lab.store.listHandles()).toEqual(['other-1', 'rock-1', 'rock-2', 'rock-3']);
  });

  test('boards are listed by handle, a page at a time, and those of one user', async () => {
    await lab.claim({ user: 'bob', wants: [{ board: 'rock-2', labels: [] }] });
    const handles = async (filter: Parameters<typeof lab.store.listBoards>[0]) =>
      (await lab.store.listBoards(filter)).map(({ board }) => board.handle);
    expect(await handles({ limit: 2 })).toEqual(['other-1', 'rock-1']);
    expect(await handles({ after: 'rock-1', limit: 2 })).toEqual(['rock-2', 'rock-3']);
    expect(await handles({ user: 'bob' })).toEqual(['rock-2']);
  });
});
