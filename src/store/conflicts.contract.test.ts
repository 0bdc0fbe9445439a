import type { Board } from '../lab/board.ts';
import { describeStore, makeBoard } from './store-under-test.ts';

const [one, two] = [makeBoard(1), makeBoard(2)];
const wired = (board: Board, as: Board): Board => ({ ...as, handle: board.handle });
const wish = (board: string) => ({ wants: [{ board, labels: [] }] });

describeStore('boards whose wiring is in use', [one, two], lab => {
  const check = async () => expect(await lab.replay()).toEqual(await lab.store.readLab());

  test('a board that is claimed and gets another name is given out under neither until it is released', async () => {
    const claim = await lab.claim(wish('rock-1'));
    const renamed = { ...one, handle: 'pine-1' };
    await lab.store.syncLab(['rock'], [renamed, two]);
    await check();
    await expect(lab.claim({ ...wish('pine-1'), user: 'bob' })).rejects.toMatchObject({
      code: 'busy',
      hint: expect.stringContaining('VLAN 101 is still that of rock-1, which alice holds'),
    });
    const begin = { board: 'pine-1', leaseMs: 1000, actor: 'root' };
    await expect(lab.store.beginCheck(begin)).rejects.toMatchObject({ code: 'busy' });
    await lab.ask({ ...wish('pine-1'), user: 'bob', waits: true });
    await expect(lab.release(claim)).resolves.toMatchObject([{ claim: { board: 'pine-1', user: 'bob' } }]);
    await check();
  });

  test('of two boards that were exchanged neither has what the other one still has', async () => {
    const claim = await lab.claim(wish('rock-1'));
    await lab.store.syncLab(['rock'], [wired(one, two), wired(two, one)]);
    await expect(lab.claim({ ...wish('rock-2'), user: 'bob' })).rejects.toMatchObject({ code: 'busy' });
    await lab.release(claim);
    expect((await lab.claim({ ...wish('rock-2'), user: 'bob' })).board).toBe('rock-2');
    expect((await lab.store.findBoard('rock-1'))?.board.vlan).toBe(102);
    expect((await lab.claim(wish('rock-1'))).board).toBe('rock-1');
    await check();
  });

  test('a port or a serial line alone is enough, and what is given back in lab.yaml bars no more', async () => {
    await lab.claim(wish('rock-1'));
    for (const change of [{ poePort: one.poePort }, { serial: one.serial }]) {
      await lab.store.syncLab(
        ['rock'],
        [
          { ...one, poePort: two.poePort, serial: two.serial },
          { ...two, ...change },
        ],
      );
      await expect(lab.claim(wish('rock-2'))).rejects.toMatchObject({ code: 'busy' });
    }
    await lab.store.syncLab(['rock'], [one, two]);
    expect((await lab.claim({ ...wish('rock-2'), user: 'bob' })).board).toBe('rock-2');
    await check();
  });

  test('what is not clean is in use, too', async () => {
    const { board, epoch } = await lab.claim(wish('rock-1'));
    const { id } = await lab.store.beginOperation({ kind: 'release', board, epoch, actor: 'alice' });
    const setBars = [{ kind: 'dirty', reason: 'jaild is away' }] as const;
    await lab.store.finishOperation(id, { state: 'failed', endReason: 'released', setBars });
    await lab.store.syncLab(['rock'], [{ ...one, handle: 'pine-1' }, two]);
    await lab.ask({ ...wish('pine-1'), user: 'bob', waits: true });
    const { granted } = await lab.store.liftBar('rock-1', 'dirty', 'system');
    expect(granted).toMatchObject([{ claim: { board: 'pine-1' } }]);
  });
});
