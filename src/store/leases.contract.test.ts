import type { Claim } from '../lab/claim.ts';
import type { Extension } from './store.ts';
import { describeStore, makeBoard, rocks } from './store-under-test.ts';

const boards = [makeBoard(1), makeBoard(2, 'rock', ['sdmux']), makeBoard(1, 'other')];

describeStore('leases', boards, lab => {
  const extend = ({ board, epoch }: Claim, leaseMs: number, more: Partial<Extension> = {}) =>
    lab.store.extend({ board, epoch, actor: 'alice', leaseMs, mostMs: 1e9, yieldsToWaiters: false, ...more });
  const endOf = async (board: string) => (await lab.store.findBoard(board))?.claim?.expiresAtMs;

  test('an extension counts from now on, and never shortens', async () => {
    const claim = await lab.claim({ leaseMs: 5000 });
    lab.clock.nowMs += 1000;
    expect(await extend(claim, 5000)).toMatchObject({ expiresAtMs: 1_006_000 });
    expect(await extend(claim, 10)).toMatchObject({ expiresAtMs: 1_006_000 });
    expect(await endOf(claim.board)).toBe(1_006_000);
  });

  test('a claim lasts as long as it may from its beginning, and what is less is not refused', async () => {
    const claim = await lab.claim({ leaseMs: 5000 });
    lab.clock.nowMs += 4000;
    await expect(extend(claim, 6001, { mostMs: 10_000 })).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('at most'),
    });
    expect(await endOf(claim.board)).toBe(1_005_000);
    expect(await extend(claim, 6000, { mostMs: 10_000 })).toMatchObject({ expiresAtMs: 1_010_000 });
    expect(await extend(claim, 100, { mostMs: 1 })).toMatchObject({ expiresAtMs: 1_010_000 });
  });

  test('where leases yield, they do to a waiter whom the board fits, and to no other', async () => {
    const claim = await lab.claim({ wants: [{ board: 'rock-1', labels: [] }] });
    await lab.claim({ wants: [{ board: 'rock-2', labels: [] }] });
    await lab.claim({ wants: [{ class: 'other', labels: [] }] });
    await lab.ask({ user: 'bob', wants: [{ class: 'other', labels: [] }], waits: true });
    await lab.ask({ user: 'carol', wants: [{ class: 'rock', labels: ['sdmux'] }], waits: true });
    await lab.ask({ user: 'dave', wants: [{ board: 'rock-2', labels: [] }], waits: true });
    // One's own wish for another board is no reason to give this one back.
    await lab.ask({ waits: true });
    await extend(claim, 2000, { yieldsToWaiters: true });
    const { requestId } = await lab.ask({ user: 'erin', waits: true, wants: [{ labels: [] }] });
    await expect(extend(claim, 3000, { yieldsToWaiters: true })).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringMatching(/^erin waits for a board like rock-1/),
    });
    await extend(claim, 3000);
    await lab.store.endRequest(requestId, 'cancelled', 'erin');
    expect(await extend(claim, 4000, { yieldsToWaiters: true })).toMatchObject({ expiresAtMs: 1_004_000 });
  });

  test('no lease goes beyond the beginning of a maintenance of its board', async () => {
    const claim = await lab.claim();
    await lab.bar({ board: claim.board, kind: 'maintenance', startsAtMs: 1_010_000, endsAtMs: 1_020_000 });
    await expect(extend(claim, 10_001)).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringContaining('maintenance'),
    });
    expect(await extend(claim, 10_000)).toMatchObject({ expiresAtMs: 1_010_000 });
  });

  test('what has run out or is over is not extended', async () => {
    const claim = await lab.claim();
    lab.clock.nowMs = claim.expiresAtMs - 1;
    await extend(claim, 2);
    lab.clock.nowMs += 2;
    await expect(extend(claim, 1000)).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('ended'),
    });
    await lab.release(claim);
    await expect(extend(claim, 1000)).rejects.toMatchObject({
      code: 'denied',
      message: 'that claim of rock-1 is over',
    });
  });

  test('a claim that lives by a connection ends its grace after the connection, unless that comes back', async () => {
    const claim = await lab.claim({ graceMs: 100, leaseMs: 5000 });
    const { board, epoch } = claim;
    expect(await lab.store.markAway(board, epoch)).toMatchObject({ awayUntilMs: 1_000_100 });
    lab.clock.nowMs += 99;
    expect([await lab.store.isLive(board, epoch), await lab.store.listExpired()]).toEqual([true, []]);
    expect(await lab.store.markBack(board, epoch)).not.toHaveProperty('awayUntilMs');
    lab.clock.nowMs += 1000;
    expect(await lab.store.isLive(board, epoch)).toBe(true);
    await lab.store.markAway(board, epoch);
    lab.clock.nowMs += 100;
    await lab.store.markAway(board, epoch);
    expect(await lab.store.isLive(board, epoch)).toBe(false);
    expect((await lab.store.listExpired()).map(late => late.board)).toEqual([board]);
    await expect(lab.store.markBack(board, epoch)).rejects.toMatchObject({ code: 'denied' });
    await expect(extend(claim, 1000)).rejects.toMatchObject({ code: 'denied' });
  });

  test('the lease ends a claim that lives by a connection, too', async () => {
    const { board, epoch } = await lab.claim({ graceMs: 100, leaseMs: 50 });
    await lab.store.markAway(board, epoch);
    lab.clock.nowMs += 50;
    expect(await lab.store.isLive(board, epoch)).toBe(false);
  });

  test('other claims know nothing of connections', async () => {
    const { board, epoch } = await lab.claim();
    await expect(lab.store.markAway(board, epoch)).rejects.toMatchObject({ code: 'usage' });
    await expect(lab.store.markBack(board, epoch)).rejects.toMatchObject({ code: 'usage' });
    await expect(lab.store.markAway(board, epoch + 1)).rejects.toMatchObject({ code: 'denied' });
  });

  test('a daemon that starts takes all connections for away, each once', async () => {
    const held = await lab.claim({ graceMs: 100 });
    await lab.claim();
    await lab.store.markAllAway();
    lab.clock.nowMs += 50;
    await lab.store.markAllAway();
    const records = await lab.store.listBoards({ user: 'alice' });
    expect(records.map(({ board, claim }) => [board.handle, claim?.awayUntilMs])).toEqual([
      [held.board, 1_000_100],
      ['rock-2', undefined],
    ]);
  });

  test.each([3_600_000, -500_000])(
    'when the clock is set by %i ms, all lengths of time stay what they were',
    async stepMs => {
      const claim = await lab.claim({ leaseMs: 5000, graceMs: 100 });
      await lab.claim();
      await lab.store.markAway(claim.board, claim.epoch);
      const { requestId } = await lab.ask({ waits: true, waitMs: 700, ...rocks(2) });
      lab.clock.nowMs += stepMs;
      await lab.store.shiftLeases(stepMs);
      const record = await lab.store.findBoard(claim.board);
      const nowMs = lab.clock.nowMs;
      expect(record?.claim).toMatchObject({ expiresAtMs: nowMs + 5000, awayUntilMs: nowMs + 100, createdAtMs: nowMs });
      expect(await lab.store.findRequest(requestId)).toMatchObject({ deadlineAtMs: nowMs + 700, createdAtMs: nowMs });
      expect(await lab.store.listExpired()).toEqual([]);
      await lab.store.markBack(claim.board, claim.epoch);
      expect(await extend(claim, 9000, { mostMs: 9000 })).toMatchObject({ expiresAtMs: nowMs + 9000 });
    },
  );

  test('what ran out or is about to while no labd was there lasts a grace longer, and the rest as long as it did', async () => {
    const short = await lab.claim({ leaseMs: 1000, graceMs: 200 });
    const long = await lab.claim({ leaseMs: 900_000 });
    await lab.store.markAway(short.board, short.epoch);
    lab.clock.nowMs += 500_000;
    await lab.store.spareLeases(60_000);
    expect((await lab.store.findBoard(short.board))?.claim).toMatchObject({
      expiresAtMs: 1_560_000,
      awayUntilMs: 1_560_000,
    });
    expect(await endOf(long.board)).toBe(long.expiresAtMs);
    expect(await lab.store.listExpired()).toEqual([]);
    await lab.store.spareLeases(10);
    expect(await endOf(short.board)).toBe(1_560_000);
  });

  test('leases that end before a moment are listed, those first that end first', async () => {
    await lab.claim({ leaseMs: 3000 });
    await lab.claim({ leaseMs: 1000 });
    await lab.claim({ leaseMs: 9000, wants: [{ class: 'other', labels: [] }] });
    const ending = await lab.store.listEndingBefore(1_003_000);
    expect(ending.map(({ board }) => board)).toEqual(['rock-2', 'rock-1']);
  });

  test('each change of a lease is an event, and the events tell the state', async () => {
    const claim = await lab.claim({ leaseMs: 5000, graceMs: 100 });
    await extend(claim, 7000);
    await extend(claim, 10);
    await lab.store.markAway(claim.board, claim.epoch);
    await lab.store.markBack(claim.board, claim.epoch);
    await lab.store.shiftLeases(1000);
    const events = await lab.store.listEvents({ board: claim.board, limit: 5 });
    expect(events.map(({ kind, detail }) => [kind, detail])).toEqual([
      ['operation-ended', expect.anything()],
      ['claim-extended', { expiresAtMs: 1_007_000 }],
      ['claim-away', { untilMs: 1_000_100 }],
      ['claim-back', {}],
      ['claim-moved', { expiresAtMs: 1_008_000 }],
    ]);
    expect(await lab.replay()).toEqual(await lab.store.readLab());
  });

  test('when the last labd was at work is known to the next one', async () => {
    await lab.store.markAlive();
    lab.clock.nowMs += 70_000;
    await lab.reopen();
    expect(await lab.store.markAlive()).toBe(1_000_000);
    expect(await lab.store.markAlive()).toBe(1_070_000);
  });
});
