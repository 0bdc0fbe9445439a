import { boardsOf, describeStore, makeBoard, rocks } from './store-under-test.ts';

const boards = [makeBoard(1), makeBoard(2), makeBoard(3), makeBoard(1, 'other')];

describeStore('limits', boards, lab => {
  test.each([
    [{ boards: 2 }, 3, 0, 'alice may have 2 boards at once'],
    [{ boards: 2 }, 1, 2, 'alice may have 2 boards at once, and 2 are held or waited for already'],
    [{ boards: 1 }, 1, 1, 'alice may have 1 board at once, and 1 is held or waited for already'],
    [{ waiting: 1 }, 1, 1, 'alice may have 1 waiting request, and has 1'],
    [
      { together: { role: 'student', users: ['alice', 'holder'], boards: 5 } },
      2,
      0,
      'the role student may have 5 boards at once, and its users hold or wait for 4',
    ],
  ])('%j refuses %i boards more beside %i waiting, and says so', async (limits, count, waiting, message) => {
    await lab.claim({ wants: [{ class: 'other', labels: [] }], user: 'holder' });
    for (let n = 0; n < 3; n += 1) await lab.claim({ user: 'holder' });
    for (let n = 0; n < waiting; n += 1) await lab.ask({ waits: true });
    await expect(lab.ask({ ...rocks(count), waits: true, limits })).rejects.toMatchObject({ code: 'denied', message });
    expect((await lab.store.listQueue()).length).toBe(waiting);
  });

  test('a limit is no limit for what is below it, and ended requests and claims do not count', async () => {
    const limits = { boards: 2, waiting: 1, together: { role: 'student', users: ['alice', 'bob'], boards: 2 } };
    const first = await lab.claim({ limits });
    const second = await lab.claim({ limits });
    await expect(lab.ask({ limits })).rejects.toMatchObject({ code: 'denied' });
    await lab.release(first);
    await lab.release(second);
    const { requestId } = await lab.ask({ ...rocks(2), limits, user: 'bob' });
    expect((await lab.store.listClaimOperations(requestId)).length).toBe(2);
  });

  test('whoever may wait for one thing and does so already can still have what need not be waited for', async () => {
    const limits = { waiting: 1 };
    for (let n = 0; n < 3; n += 1) await lab.claim({ user: 'holder' });
    await lab.ask({ waits: true, limits });
    const { granted } = await lab.ask({ wants: [{ class: 'other', labels: [] }], waits: true, limits });
    expect(boardsOf(granted)).toEqual(['other-1']);
    expect((await lab.store.listQueue()).length).toBe(1);
  });
});
