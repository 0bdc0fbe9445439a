import { describeStore, makeBoard, rocks } from './store-under-test.ts';

const boards = [makeBoard(1, 'rock', ['sdmux', 'ram=4g']), makeBoard(2), makeBoard(1, 'other')];
const dayMs = 86_400_000;
const hourMs = 3_600_000;

describeStore('history', boards, lab => {
  const allEvents = () => lab.store.listEvents({ afterId: 0, limit: 10_000 });

  test('a claim from request to release, as its events tell it', async () => {
    const claim = await lab.claim();
    await lab.release(claim);
    const events = (await allEvents()).filter(({ kind }) => kind !== 'board-listed');
    expect(events.map(({ kind, board, user, actor, epoch }) => [kind, board, user, actor, epoch])).toEqual([
      ['request-queued', undefined, 'alice', 'alice', undefined],
      ['claim-granted', 'rock-1', 'alice', 'alice', 1],
      ['operation-begun', 'rock-1', undefined, 'alice', 1],
      ['request-ended', undefined, 'alice', 'system', undefined],
      ['operation-ended', 'rock-1', undefined, 'alice', 1],
      ['operation-begun', 'rock-1', undefined, 'alice', 1],
      ['operation-ended', 'rock-1', undefined, 'alice', 1],
      ['claim-ended', 'rock-1', 'alice', 'alice', 1],
    ]);
    const seqs = events.map(({ seq }) => seq);
    expect(new Set(seqs).size).toBe(4);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  });

  test('events are found by board, user and time: the last ones, or those after one that is known', async () => {
    const claim = await lab.claim();
    lab.clock.nowMs += 10;
    await lab.claim({ user: 'bob' });
    const kinds = async (filter: Parameters<typeof lab.store.listEvents>[0]) =>
      (await lab.store.listEvents(filter)).map(({ kind }) => kind);
    expect(await kinds({ board: claim.board, limit: 2 })).toEqual(['operation-begun', 'operation-ended']);
    expect(await kinds({ user: 'bob', limit: 9 })).toEqual(['request-queued', 'claim-granted', 'request-ended']);
    expect((await kinds({ sinceMs: 1_000_010, limit: 9 })).length).toBe(5);
    const [first, second] = await allEvents();
    expect((await lab.store.listEvents({ afterId: first?.id ?? 0, limit: 1 }))[0]).toEqual(second);
  });

  test("what others record stands beside the store's own events", async () => {
    await lab.store.recordEvent({ kind: 'power-switched', board: 'rock-1', actor: 'bob', detail: { action: 'on' } });
    const [event] = await lab.store.listEvents({ limit: 1 });
    expect(event).toMatchObject({ kind: 'power-switched', atMs: 1_000_000, actor: 'bob', detail: { action: 'on' } });
  });

  test('who had what, newest first, with the reason of the end', async () => {
    const first = await lab.claim();
    lab.clock.nowMs += 100;
    await lab.release(first, 'expired');
    await lab.claim({ user: 'bob' });
    expect(await lab.store.listHistory({ limit: 9 })).toEqual([
      { board: 'rock-2', class: 'rock', user: 'bob', epoch: 1, fromMs: 1_000_100, expiresAtMs: 1_001_100 },
      {
        board: 'rock-1',
        class: 'rock',
        user: 'alice',
        epoch: 1,
        fromMs: 1_000_000,
        toMs: 1_000_100,
        expiresAtMs: 1_001_000,
        reason: 'expired',
      },
    ]);
    expect((await lab.store.listHistory({ user: 'alice', limit: 9 })).length).toBe(1);
    expect((await lab.store.listHistory({ board: 'rock-2', limit: 9 })).length).toBe(1);
    expect((await lab.store.listHistory({ limit: 1 }))[0]?.user).toBe('bob');
    expect((await lab.store.listHistory({ sinceMs: 1_000_101, limit: 9 })).map(({ user }) => user)).toEqual(['bob']);
  });

  test('usage over midnight counts in both days, of users and classes', async () => {
    lab.clock.nowMs = 10 * dayMs - 2 * hourMs;
    const rock = await lab.claim({ leaseMs: dayMs });
    await lab.claim({ user: 'bob', wants: [{ class: 'other', labels: [] }], leaseMs: dayMs });
    lab.clock.nowMs += 3 * hourMs;
    await lab.release(rock);
    const again = await lab.claim({ leaseMs: dayMs });
    lab.clock.nowMs += hourMs;
    await lab.release(again);
    expect(await lab.store.listUsage(9 * dayMs)).toEqual([
      { dayMs: 9 * dayMs, user: 'alice', class: 'rock', claims: 1, ms: 2 * hourMs },
      { dayMs: 9 * dayMs, user: 'bob', class: 'other', claims: 1, ms: 2 * hourMs },
      { dayMs: 10 * dayMs, user: 'alice', class: 'rock', claims: 2, ms: 2 * hourMs },
      { dayMs: 10 * dayMs, user: 'bob', class: 'other', claims: 1, ms: 2 * hourMs },
    ]);
    expect(await lab.store.listUsage(10 * dayMs + hourMs)).toEqual([
      { dayMs: 10 * dayMs, user: 'alice', class: 'rock', claims: 2, ms: hourMs },
      { dayMs: 10 * dayMs, user: 'bob', class: 'other', claims: 1, ms: hourMs },
    ]);
  });

  test('a claim that was given away is of each who had it, for as long as they had it', async () => {
    lab.clock.nowMs = 10 * dayMs;
    const { board, epoch } = await lab.claim({ leaseMs: dayMs });
    const to = (actor: string, user: string) => ({ board, epoch, actor, user, limits: {} });
    lab.clock.nowMs += 3 * hourMs;
    await lab.store.transfer(to('alice', 'bob'));
    lab.clock.nowMs += hourMs;
    await lab.store.transfer(to('bob', 'carol'));
    // The clock is set: what each had are lengths of time.
    lab.clock.nowMs += hourMs + dayMs;
    await lab.store.shiftLeases(dayMs);
    const hours = (entries: readonly { user: string; ms: number }[]) =>
      entries.map(({ user, ms }) => [user, ms / hourMs]);
    expect(hours(await lab.store.listUsage(0))).toEqual([
      ['alice', 3],
      ['bob', 1],
      ['carol', 1],
    ]);
    await lab.release({ board, epoch });
    const told = async (filter: object) =>
      (await lab.store.listHistory({ limit: 9, ...filter })).map(({ user, fromMs, toMs = 0, reason }) => [
        user,
        (fromMs - 11 * dayMs) / hourMs,
        (toMs - 11 * dayMs) / hourMs,
        reason,
      ]);
    const all = [
      ['carol', 4, 5, 'released'],
      ['bob', 3, 4, 'transferred'],
      ['alice', 0, 3, 'transferred'],
    ];
    expect(await told({})).toEqual(all);
    expect(await told({ limit: 2 })).toEqual(all.slice(0, 2));
    expect(await told({ user: 'alice' })).toEqual(all.slice(2));
    expect(await told({ user: 'bob' })).toEqual([all[1]]);
    expect(await told({ sinceMs: 11 * dayMs + 4 * hourMs })).toEqual(all.slice(0, 2));
  });

  test('a claim that ends at midnight has no part in the next day', async () => {
    lab.clock.nowMs = 10 * dayMs - hourMs;
    const claim = await lab.claim({ leaseMs: dayMs });
    lab.clock.nowMs = 10 * dayMs;
    await lab.release(claim);
    expect((await lab.store.listUsage(0)).map(entry => [entry.dayMs, entry.ms])).toEqual([[9 * dayMs, hourMs]]);
  });

  /** Something of everything: what is over, what is live, what waits, what is barred. */
  async function liveALittle() {
    const over = await lab.claim();
    lab.clock.nowMs += 10;
    await lab.release(over);
    const { granted } = await lab.ask({ ...rocks(2), leaseMs: 1e7 });
    const [kept] = granted;
    if (!kept) throw new Error('two were expected');
    await lab.store.share({ board: kept.claim.board, epoch: kept.claim.epoch, actor: 'alice', user: 'bob' });
    await lab.ask({ user: 'carol', waits: true, priority: 3 });
    const cancelled = await lab.ask({ user: 'dave', waits: true });
    await lab.store.endRequest(cancelled.requestId, 'cancelled', 'dave');
    await lab.bar({ board: 'other-1', kind: 'maintenance', startsAtMs: 5e6, endsAtMs: 6e6 });
    await lab.bar({ board: 'other-1', kind: 'dirty' });
    return kept.claim;
  }

  test('the state can be rebuilt from the events, and from a snapshot with what came after it', async () => {
    const { board, epoch } = await liveALittle();
    expect(await lab.replay()).toEqual(await lab.store.readLab());
    const count = (await allEvents()).length;
    const before = await lab.store.readLab();
    lab.clock.nowMs += 1000;
    expect(await lab.store.dropHistory(lab.clock.nowMs)).toBe(count);
    expect((await allEvents()).map(({ kind }) => kind)).toEqual(['snapshot']);
    expect(await lab.store.readLab()).toEqual(before);
    expect(await lab.replay()).toEqual(before);
    await lab.store.unshare({ board, epoch, actor: 'alice', user: 'bob' });
    await lab.store.liftBar('other-1', 'dirty', 'root');
    expect(await lab.replay()).toEqual(await lab.store.readLab());
    expect(await lab.store.dropHistory(lab.clock.nowMs)).toBe(0);
    lab.clock.nowMs += 1;
    expect(await lab.store.dropHistory(lab.clock.nowMs)).toBe(2);
    expect(await lab.replay()).toEqual(await lab.store.readLab());
    expect(await lab.store.dropHistory(lab.clock.nowMs)).toBe(0);
  });

  test('what is dropped is old and over; the rest is as it was, and epochs go on', async () => {
    const kept = await liveALittle();
    const limitMs = lab.clock.nowMs;
    await lab.claim({ user: 'erin', wants: [{ board: 'rock-1', labels: [] }] }).catch(() => {});
    lab.clock.nowMs += 5000;
    await lab.store.dropHistory(limitMs + 1);
    expect(await lab.store.isLive(kept.board, kept.epoch)).toBe(true);
    expect((await lab.store.listQueue()).map(({ user }) => user)).toEqual(['carol']);
    const history = await lab.store.listHistory({ limit: 99 });
    expect(history.map(({ board, epoch }) => [board, epoch])).toEqual(
      expect.arrayContaining([[kept.board, kept.epoch]]),
    );
    expect(history.every(({ toMs }) => toMs === undefined)).toBe(true);
    for (const { id } of await lab.store.listUnfinishedOperations()) {
      await lab.store.finishOperation(id, { state: 'done' });
    }
    const [next] = await lab.release(kept);
    expect(next?.claim).toMatchObject({ user: 'carol', epoch: kept.epoch + 1 });
    expect(await lab.replay()).toEqual(await lab.store.readLab());
  });

  test('events tell of boards that come, change, go and come back, held or not', async () => {
    const check = async () => expect(await lab.replay()).toEqual(await lab.store.readLab());
    const changed = [makeBoard(1, 'rock', ['zz', 'aa', 'zz']), makeBoard(2, 'rock', ['emmc'])];
    const claim = await lab.claim();
    await lab.store.syncLab(['rock'], changed);
    await check();
    expect((await lab.store.findBoard('rock-1'))?.board.labels).toEqual(['sdmux', 'ram=4g']);
    await lab.store.syncLab(['rock'], changed.slice(1));
    await check();
    await lab.store.syncLab(['rock'], changed);
    await check();
    await lab.store.syncLab(['rock'], changed.slice(1));
    await lab.release(claim);
    await check();
    expect((await lab.store.findBoard('rock-1'))?.isListed).toBe(false);
    await lab.store.syncLab(['rock', 'other'], [...changed, makeBoard(1, 'other')]);
    await check();
    expect((await lab.claim({ wants: [{ labels: ['aa', 'zz'] }] })).board).toBe('rock-1');
  });

  test('a board that is held follows lab.yaml when its claim ends, and is not reinitialized before', async () => {
    const claim = await lab.claim({ wants: [{ board: 'rock-2', labels: [] }] });
    await lab.store.syncLab(['rock'], [makeBoard(1), makeBoard(2, 'rock', ['emmc'])]);
    const begin = { kind: 'reinit', board: 'rock-2', epoch: claim.epoch, actor: 'alice' } as const;
    await expect(lab.store.beginOperation(begin)).rejects.toMatchObject({
      code: 'busy',
      message: 'lab.yaml has changed rock-2 since its claim began',
    });
    await lab.release(claim);
    expect((await lab.claim({ wants: [{ labels: ['emmc'] }] })).board).toBe('rock-2');
  });
});
