import {
  attacker,
  both,
  countRefusals,
  forkBomb,
  measureAttack,
  memoryHog,
  startNeighbours,
  stopNeighbours,
} from './neighbours.ts';

/** How much it is felt next door is for `npm run bench` to say. */
beforeAll(startNeighbours, 60_000);
afterAll(stopNeighbours);

test.each([
  ['a fork bomb', forkBomb, { forks: true, kills: false }],
  ['a memory hog', memoryHog, { forks: false, kills: true }],
  ['a fork bomb beside a memory hog', both, { forks: true, kills: true }],
])(
  '%s in one jail is stopped by its limits, and all the while others log in to the next one',
  async (_what, attack, refused) => {
    const before = await countRefusals(attacker.name);
    await measureAttack(attacker, attack);
    const after = await countRefusals(attacker.name);
    expect({
      forks: after.forks > before.forks || !refused.forks,
      kills: after.kills > before.kills || !refused.kills,
    }).toEqual({
      forks: true,
      kills: true,
    });
  },
  120_000,
);
