import type { Claim } from '../lab/claim.ts';
import { describeStore, makeBoard } from './store-under-test.ts';

describeStore('sharing', [makeBoard(1), makeBoard(2)], lab => {
  const to = ({ board, epoch }: Claim, user: string) => ({ board, epoch, user, actor: 'alice' });
  const boardsOf = async (user: string) => (await lab.store.listClaimsOf(user)).map(({ board }) => board);

  test('a claim is shared with colleagues by name, and each leaves by himself', async () => {
    const claim = await lab.claim();
    await lab.store.share(to(claim, 'bob'));
    expect(await lab.store.share(to(claim, 'carol'))).toMatchObject({ user: 'alice', sharedWith: ['bob', 'carol'] });
    expect(await lab.store.share(to(claim, 'bob'))).toMatchObject({ sharedWith: ['bob', 'carol'] });
    expect([await boardsOf('alice'), await boardsOf('bob'), await boardsOf('dave')]).toEqual([
      ['rock-1'],
      ['rock-1'],
      [],
    ]);
    expect(await lab.store.unshare(to(claim, 'bob'))).toMatchObject({ sharedWith: ['carol'] });
    expect(await boardsOf('bob')).toEqual([]);
    await expect(lab.store.unshare(to(claim, 'bob'))).rejects.toMatchObject({ code: 'not-found' });
    expect(await lab.replay()).toEqual(await lab.store.readLab());
  });

  test('a name is no pattern: a_b is neither axb nor a_bc', async () => {
    const claim = await lab.claim();
    await lab.store.share(to(claim, 'axb'));
    await lab.store.share(to(claim, 'a_bc'));
    expect([await boardsOf('a_b'), await boardsOf('axb'), await boardsOf('a_bc')]).toEqual([
      [],
      ['rock-1'],
      ['rock-1'],
    ]);
  });

  test('with its holder a claim is not shared, nor with a crowd, nor when it is over', async () => {
    const claim = await lab.claim();
    await expect(lab.store.share(to(claim, 'alice'))).rejects.toMatchObject({ code: 'usage' });
    for (let n = 0; n < 20; n += 1) await lab.store.share(to(claim, `user${n}`));
    await expect(lab.store.share(to(claim, 'bob'))).rejects.toMatchObject({ code: 'usage' });
    await lab.release(claim);
    await expect(lab.store.share(to(claim, 'bob'))).rejects.toMatchObject({ code: 'denied' });
    await expect(lab.store.unshare(to(claim, 'user1'))).rejects.toMatchObject({ code: 'denied' });
    await expect(lab.store.transfer({ ...to(claim, 'bob'), limits: {} })).rejects.toMatchObject({ code: 'denied' });
  });

  test("a transfer changes the holder and drops the former one's keys; epoch, lease and colleagues stay", async () => {
    const claim = await lab.claim({ keys: ['ssh-ed25519 AAAA'] });
    await lab.store.share(to(claim, 'bob'));
    await lab.store.share(to(claim, 'carol'));
    const moved = await lab.store.transfer({ ...to(claim, 'bob'), limits: {} });
    expect(moved).toEqual({ ...claim, user: 'bob', sharedWith: ['carol'], keys: [] });
    expect((await lab.store.findBoard('rock-1'))?.claim).toEqual(moved);
    expect([await boardsOf('alice'), await boardsOf('bob')]).toEqual([[], ['rock-1']]);
    const again = { ...to(claim, 'bob'), limits: {} };
    await expect(lab.store.transfer({ ...again, actor: 'bob' })).rejects.toMatchObject({ code: 'usage' });
    // Whoever gave it away a moment ago has no say in it any more.
    const denied = { code: 'denied', message: expect.stringMatching(/^rock-1 belongs to bob until/) };
    await expect(lab.store.transfer(again)).rejects.toMatchObject(denied);
    await expect(lab.store.share(to(claim, 'dave'))).rejects.toMatchObject(denied);
    await expect(lab.store.unshare(to(claim, 'carol'))).rejects.toMatchObject(denied);
    expect(await lab.replay()).toEqual(await lab.store.readLab());
  });

  test('who gave a claim away releases and reinitializes nothing in its name, and nor does who was not meant', async () => {
    const { board, epoch } = await lab.claim();
    await lab.store.transfer({ board, epoch, actor: 'alice', user: 'bob', limits: {} });
    for (const kind of ['release', 'reinit'] as const) {
      const begin = { kind, board, epoch, actor: 'root', holder: 'alice' };
      await expect(lab.store.beginOperation(begin)).rejects.toMatchObject({
        code: 'denied',
        message: `${board} is held by bob, not by alice`,
      });
    }
    const { kind } = await lab.store.beginOperation({ kind: 'release', board, epoch, actor: 'bob', holder: 'bob' });
    expect(kind).toBe('release');
  });

  test('a transfer is held to the limits of who gets the claim', async () => {
    const claim = await lab.claim();
    await lab.claim({ user: 'bob' });
    await expect(lab.store.transfer({ ...to(claim, 'bob'), limits: { boards: 1 } })).rejects.toMatchObject({
      code: 'denied',
      message: 'bob may have 1 board at once, and 1 is held or waited for already',
    });
    const together = { role: 'student', users: ['bob', 'carol'], boards: 1 };
    await expect(lab.store.transfer({ ...to(claim, 'carol'), limits: { together } })).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('the role student'),
    });
    expect((await lab.store.findBoard('rock-1'))?.claim?.user).toBe('alice');
    expect(await lab.store.transfer({ ...to(claim, 'bob'), limits: { boards: 2 } })).toMatchObject({ user: 'bob' });
  });

  test('within a role that has all that it may, a claim still changes hands', async () => {
    const claim = await lab.claim();
    const together = { role: 'student', users: ['alice', 'bob'], boards: 1 };
    expect(await lab.store.transfer({ ...to(claim, 'bob'), limits: { together } })).toMatchObject({ user: 'bob' });
  });
});
