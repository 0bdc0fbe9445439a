import { boardsOf, describeStore, makeBoard, rocks } from './store-under-test.ts';

const boards = [makeBoard(1), makeBoard(2)];
const system = 'system';

describeStore('bars', boards, lab => {
  const kindsOf = async (board: string) => (await lab.store.findBoard(board))?.bars.map(({ kind }) => kind);

  test('several bars stand at once, each is lifted by itself, and the last one frees the board', async () => {
    await lab.store.syncLab(['rock'], boards.slice(0, 1));
    const kinds = ['dirty', 'health', 'check-due', 'offline', 'maintenance'] as const;
    for (const kind of kinds) await lab.bar({ board: 'rock-1', kind });
    expect((await kindsOf('rock-1'))?.sort()).toEqual([...kinds].sort());
    await lab.ask({ user: 'bob', waits: true });
    for (const [index, kind] of kinds.entries()) {
      const { isLifted, granted } = await lab.store.liftBar('rock-1', kind, 'root');
      expect([isLifted, boardsOf(granted)]).toEqual([true, index === kinds.length - 1 ? ['rock-1'] : []]);
    }
    expect(await lab.store.liftBar('rock-1', 'offline', 'root')).toEqual({ isLifted: false, granted: [] });
  });

  test('a bar says who set it, why and since when; another one of its kind takes its place', async () => {
    await lab.bar({ board: 'rock-1', reason: 'being moved', actor: 'root' });
    lab.clock.nowMs += 1;
    await lab.bar({ board: 'rock-1', reason: 'lent', actor: 'eve', endsAtMs: 2_000_000 });
    const record = await lab.store.findBoard('rock-1');
    expect(record?.bars).toEqual([
      { kind: 'offline', reason: 'lent', actor: 'eve', sinceMs: 1_000_001, endsAtMs: 2_000_000 },
    ]);
    expect((await lab.store.countByClass()).get('rock')).toEqual({ boards: 2, available: 1 });
    expect(await lab.replay()).toEqual(await lab.store.readLab());
  });

  test('who is refused is told of the bars', async () => {
    await lab.bar({ board: 'rock-1', reason: 'being moved' });
    await lab.bar({ board: 'rock-2', kind: 'maintenance', reason: 'new fan', startsAtMs: 1_000_500, endsAtMs: 2e6 });
    await expect(lab.ask()).rejects.toMatchObject({
      code: 'busy',
      hint: [
        'rock-1 is offline: being moved',
        'rock-2 is maintenance from 1970-01-01 00:16 UTC until 1970-01-01 00:33 UTC: new fan',
        '`--wait` waits in the queue; a shorter `--for` ends before the maintenance',
      ].join('\n'),
    });
  });

  test('before a maintenance a board is given out for as long as is left, and no longer', async () => {
    for (const board of ['rock-1', 'rock-2']) {
      await lab.bar({ board, kind: 'maintenance', startsAtMs: 1_010_000, endsAtMs: 1_020_000 });
    }
    const record = await lab.store.findBoard('rock-1');
    expect([record?.bars, record?.plannedBars.map(({ kind }) => kind)]).toEqual([[], ['maintenance']]);
    await expect(lab.ask({ leaseMs: 10_001 })).rejects.toMatchObject({ code: 'busy' });
    const { granted } = await lab.ask({ leaseMs: 10_000 });
    expect(boardsOf(granted)).toEqual(['rock-1']);
  });

  test('a window bars from its beginning to its end, and then whoever waits is served', async () => {
    for (const board of ['rock-1', 'rock-2']) {
      await lab.bar({ board, kind: 'maintenance', startsAtMs: 1_010_000, endsAtMs: 1_020_000 });
    }
    await lab.ask({ ...rocks(2), leaseMs: 60_000, waits: true });
    lab.clock.nowMs = 1_019_999;
    expect([await kindsOf('rock-1'), (await lab.store.settle()).granted]).toEqual([['maintenance'], []]);
    lab.clock.nowMs = 1_020_000;
    expect(await kindsOf('rock-1')).toEqual([]);
    const { isChanged, granted } = await lab.store.settle();
    expect([isChanged, boardsOf(granted)]).toEqual([true, ['rock-1', 'rock-2']]);
    expect((await lab.store.listEvents({ board: 'rock-1', limit: 9 })).map(({ kind }) => kind)).toContain('bar-lifted');
    expect(await lab.replay()).toEqual(await lab.store.readLab());
  });

  test('a bar on a board that is held ends nothing, and holds when the claim is over', async () => {
    const claim = await lab.claim();
    await lab.bar({ board: claim.board });
    expect(await lab.store.isLive(claim.board, claim.epoch)).toBe(true);
    await lab.ask({ user: 'bob', wants: [{ board: claim.board, labels: [] }], waits: true });
    expect(await lab.release(claim)).toEqual([]);
  });

  test('a release that fails leaves the claim and bars the board; the one that works lifts that alone', async () => {
    const claim = await lab.claim();
    await lab.bar({ board: claim.board });
    const begin = { kind: 'release', board: claim.board, epoch: claim.epoch, actor: 'alice' } as const;
    const { id } = await lab.store.beginOperation(begin);
    await lab.store.finishOperation(id, { state: 'failed', setBars: [{ kind: 'dirty', reason: 'release failed' }] });
    expect([await kindsOf(claim.board), (await lab.store.findBoard(claim.board))?.claim]).toEqual([
      ['dirty', 'offline'],
      claim,
    ]);
    await lab.release(claim);
    expect([await kindsOf(claim.board), (await lab.store.findBoard(claim.board))?.claim]).toEqual([
      ['offline'],
      undefined,
    ]);
  });

  test('an operation ends once', async () => {
    const { granted } = await lab.ask();
    const id = granted[0]?.id ?? 0;
    await lab.store.finishOperation(id, { state: 'done' });
    await expect(lab.store.finishOperation(id, { state: 'failed', endReason: 'failed' })).rejects.toMatchObject({
      code: 'bug',
    });
    expect(await lab.store.findOperation(id)).toMatchObject({ state: 'done' });
  });

  test('after so many claims a check is due, and the board waits for it', async () => {
    await lab.store.syncLab(['rock'], boards.slice(0, 1));
    for (const count of [1, 2]) {
      const { board, epoch } = await lab.claim();
      const { id } = await lab.store.beginOperation({ kind: 'release', board, epoch, actor: 'alice' });
      await lab.store.finishOperation(id, { state: 'done', endReason: 'released', checkAfterClaims: 2 });
      expect([await kindsOf(board), (await lab.store.findBoard(board))?.claimsSinceCheck]).toEqual([
        count === 2 ? ['check-due'] : [],
        count,
      ]);
    }
    await expect(lab.ask()).rejects.toMatchObject({ code: 'busy' });
    const check = await lab.store.beginCheck({ board: 'rock-1', leaseMs: 500, actor: 'root' });
    expect(check).toMatchObject({
      kind: 'check',
      claim: { user: system, epoch: 3, requestId: 0, expiresAtMs: 1_000_500 },
    });
    await lab.ask({ user: 'bob', waits: true });
    lab.clock.nowMs += 7;
    const granted = await lab.store.finishOperation(check.id, {
      state: 'done',
      endReason: 'checked',
      liftBars: ['check-due', 'health'],
    });
    expect(granted.map(({ claim }) => [claim.user, claim.epoch])).toEqual([['bob', 4]]);
    expect(await lab.store.findBoard('rock-1')).toMatchObject({ claimsSinceCheck: 0, lastCheckedAtMs: 1_000_007 });
  });

  test('a check that fails bars the board, and counts as no claim', async () => {
    const check = await lab.store.beginCheck({ board: 'rock-1', leaseMs: 500, actor: system });
    await lab.store.finishOperation(check.id, {
      state: 'failed',
      endReason: 'checked',
      setBars: [{ kind: 'health', reason: 'no login prompt' }],
    });
    const record = await lab.store.findBoard('rock-1');
    expect(record).toMatchObject({ claimsSinceCheck: 0, lastCheckedAtMs: 0, bars: [{ kind: 'health' }] });
    expect((await lab.claim()).board).toBe('rock-2');
  });

  test('a barred board can be checked; one that is dirty, held, being checked or unknown cannot', async () => {
    await lab.bar({ board: 'rock-1', kind: 'health' });
    await lab.bar({ board: 'rock-2', kind: 'dirty' });
    const begin = (board: string) => lab.store.beginCheck({ board, leaseMs: 500, actor: 'root' });
    await begin('rock-1');
    await expect(begin('rock-1')).rejects.toMatchObject({ code: 'busy', message: expect.stringContaining('check') });
    await expect(begin('rock-2')).rejects.toMatchObject({ code: 'busy', message: expect.stringContaining('cleaned') });
    await expect(begin('rock-9')).rejects.toMatchObject({ code: 'not-found' });
    await lab.store.liftBar('rock-2', 'dirty', system);
    await lab.claim();
    await expect(begin('rock-2')).rejects.toMatchObject({ code: 'busy', message: 'rock-2 is held by alice' });
  });
});
