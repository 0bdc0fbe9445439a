import type { Operation } from '../lab/operation.ts';
import type { Wish } from './store.ts';
import { describeStore, makeBoard } from './store-under-test.ts';

const boards = [makeBoard(1), makeBoard(2), makeBoard(1, 'other')];

describeStore('claims and operations', boards, lab => {
  /** What one board is given with. */
  async function allocate(wish?: Partial<Wish>): Promise<Operation> {
    const { granted } = await lab.ask(wish);
    const [first] = granted;
    if (!first || granted.length > 1) throw new Error(`${granted.length} boards were granted`);
    return first;
  }

  const claimAndFinish = (user = 'alice') => lab.claim({ user });
  const release = (board: string, epoch: number) => lab.release({ board, epoch });

  test('a claim has the next epoch, expires after the lease, and begins an operation', async () => {
    const { claim, ...operation } = await allocate();
    expect(claim).toEqual({
      id: claim.id,
      board: 'rock-1',
      user: 'alice',
      epoch: 1,
      createdAtMs: 1_000_000,
      expiresAtMs: 1_001_000,
      requestId: claim.requestId,
      sharedWith: [],
      keys: [],
    });
    expect(operation).toMatchObject({ kind: 'claim', actor: 'alice', state: 'running', attempt: 0 });
    expect(await lab.store.listUnfinishedOperations()).toEqual([{ ...operation, claim }]);
    expect(await lab.store.findBoard('rock-1')).toMatchObject({ epoch: 1, claim, operation: { kind: 'claim' } });
  });

  test('the board that has been idle the longest is given first', async () => {
    const first = await claimAndFinish();
    const second = await claimAndFinish();
    expect([first.board, second.board]).toEqual(['rock-1', 'rock-2']);
    lab.clock.nowMs += 1;
    await release('rock-2', 1);
    lab.clock.nowMs += 1;
    await release('rock-1', 1);
    expect((await claimAndFinish()).board).toBe('rock-2');
  });

  test('when none is free, the caller is told who has them and until when', async () => {
    await claimAndFinish();
    lab.clock.nowMs += 600_000;
    await claimAndFinish('bob');
    await expect(allocate()).rejects.toMatchObject({
      code: 'busy',
      message: 'no board is free: rock',
      hint: [
        'rock-1: alice until 1970-01-01 00:16 UTC',
        'rock-2: bob until 1970-01-01 00:26 UTC',
        '`--wait` waits in the queue',
      ].join('\n'),
    });
    await expect(allocate({ wants: [{ labels: [], class: 'rook' }] })).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  test('one operation at a time: the second is told what is running', async () => {
    const { claim } = await allocate();
    const begin = { kind: 'reinit', board: claim.board, epoch: claim.epoch, actor: 'alice' } as const;
    await expect(lab.store.beginOperation(begin)).rejects.toMatchObject({
      code: 'busy',
      message: 'rock-1 is busy: its claim is running (alice)',
    });
  });

  test('an operation in the name of an older epoch is refused', async () => {
    const { board, epoch } = await claimAndFinish();
    await release(board, epoch);
    const again = await Promise.all([claimAndFinish(), claimAndFinish()]);
    expect(again.map(claim => claim.epoch).sort()).toEqual([1, 2]);
    await expect(lab.store.beginOperation({ kind: 'release', board, epoch, actor: 'alice' })).rejects.toMatchObject({
      code: 'denied',
    });
    expect([await lab.store.isLive(board, 1), await lab.store.isLive(board, 2)]).toEqual([false, true]);
  });

  test('a quarantined board is not given out, is not reinitialized, and a release lifts it', async () => {
    const { board, epoch } = await claimAndFinish();
    const failed = await lab.store.beginOperation({ kind: 'release', board, epoch, actor: 'alice' });
    const error = { code: 'device', message: 'the switch is dead' } as const;
    await lab.store.finishOperation(failed.id, {
      state: 'failed',
      error,
      setBars: [{ kind: 'dirty', reason: 'the switch is dead' }],
    });
    expect(await lab.store.findOperation(failed.id)).toMatchObject({ state: 'failed', error });
    expect(await lab.store.findBoard(board)).toMatchObject({
      bars: [{ kind: 'dirty', reason: 'the switch is dead' }],
      claim: { epoch },
    });
    await expect(lab.store.beginOperation({ kind: 'reinit', board, epoch, actor: 'alice' })).rejects.toMatchObject({
      code: 'busy',
    });
    await release(board, epoch);
    const free = await lab.store.findBoard(board);
    expect([free?.bars, free?.claim]).toEqual([[], undefined]);
  });

  test('a board that nobody holds stays quarantined until that is lifted', async () => {
    const { id } = await allocate();
    await lab.store.markUndoing(id, { code: 'device', message: 'no' });
    expect(await lab.store.findOperation(id)).toMatchObject({ state: 'undoing', error: { message: 'no' } });
    await lab.store.finishOperation(id, {
      state: 'failed',
      endReason: 'failed',
      setBars: [{ kind: 'dirty', reason: 'no' }],
    });
    expect((await claimAndFinish()).board).toBe('rock-2');
    await expect(allocate()).rejects.toMatchObject({ code: 'busy' });
    await lab.store.liftBar('rock-1', 'dirty', 'system');
    expect((await claimAndFinish()).board).toBe('rock-1');
  });

  test('the clock of the store decides what has run out', async () => {
    const claim = await claimAndFinish();
    lab.clock.nowMs += 999;
    expect([await lab.store.isLive('rock-1', 1), await lab.store.listExpired()]).toEqual([true, []]);
    lab.clock.nowMs += 1;
    expect([await lab.store.isLive('rock-1', 1), await lab.store.listExpired()]).toEqual([false, [claim]]);
    expect(await lab.store.nowMs()).toBe(lab.clock.nowMs);
  });

  test('a board that lab.yaml no longer names stays while it is claimed, and its epoch goes on when it comes back', async () => {
    const { board, epoch } = await claimAndFinish();
    await lab.store.syncLab(['rock'], [makeBoard(2)]);
    expect((await lab.store.listBoards()).map(record => [record.board.handle, record.isListed])).toEqual([
      ['rock-1', false],
      ['rock-2', true],
    ]);
    await release(board, epoch);
    expect((await lab.store.listBoards()).map(record => record.board.handle)).toEqual(['rock-2']);
    await claimAndFinish();
    await expect(allocate()).rejects.toMatchObject({ code: 'busy' });
    await lab.store.syncLab(['rock'], [makeBoard(1), makeBoard(2)]);
    expect(await claimAndFinish()).toMatchObject({ board: 'rock-1', epoch: 2 });
  });

  test('everything is there again after the store was closed and opened', async () => {
    const operation = await allocate({ power: 'on' });
    await lab.store.recordStep(operation.id, 'build-jail', 2);
    await lab.reopen();
    expect(await lab.store.listUnfinishedOperations()).toEqual([{ ...operation, step: 'build-jail', attempt: 2 }]);
    expect(await lab.store.findBoard('rock-1')).toMatchObject({ powerWanted: 'on' });
  });

  test('fifty at once for two boards: two have one each', async () => {
    const wishes = Array.from({ length: 50 }, (_, index) => allocate({ user: `user${index}` }));
    const results = await Promise.allSettled(wishes);
    const winners = results.flatMap(result => (result.status === 'fulfilled' ? [result.value.claim.board] : []));
    expect(winners.sort()).toEqual(['rock-1', 'rock-2']);
  });
});
