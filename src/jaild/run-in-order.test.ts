import { setTimeout as sleep } from 'node:timers/promises';
import { createBoardQueue } from './board-queue.ts';
import { runInOrder } from './run-in-order.ts';

const order = new Map<string, string[]>([
  ['root', []],
  ['left', ['root']],
  ['right', ['root']],
  ['top', ['left', 'right']],
]);

test('what does not wait for each other runs at once, the rest in order', async () => {
  const log: string[] = [];
  await runInOrder(order, async name => {
    log.push(`+${name}`);
    await sleep(name === 'left' ? 20 : 5);
    log.push(`-${name}`);
  });
  expect(log).toEqual(['+root', '-root', '+left', '+right', '-right', '-left', '+top', '-top']);
});

test('a failure leaves out what waits for it, and is thrown when all else has ended', async () => {
  const done: string[] = [];
  const running = runInOrder(order, async name => {
    if (name === 'left') throw new Error('left failed');
    await sleep(10);
    done.push(name);
  });
  await expect(running).rejects.toThrow('left failed');
  expect(done).toEqual(['root', 'right']);
});

test('a queue runs one action of a board at a time, also after a failure, and boards at once', async () => {
  const queue = createBoardQueue();
  const log: string[] = [];
  const act = (name: string, ms: number) => async () => {
    log.push(`+${name}`);
    await sleep(ms);
    log.push(`-${name}`);
    if (name === 'a1') throw new Error('a1 failed');
    return name;
  };
  const first = queue.run('a', act('a1', 30));
  const second = queue.run('a', act('a2', 5));
  const other = queue.run('b', act('b1', 5));
  await expect(first).rejects.toThrow('a1 failed');
  expect(await Promise.all([second, other])).toEqual(['a2', 'b1']);
  expect(log).toEqual(['+a1', '+b1', '-b1', '-a1', '+a2', '-a2']);
  await queue.drain();
});
