import type { BoardList, ClaimedBoard } from '../../src/api/messages.ts';
import { type LabUnderTest, startLab } from './lab-under-test.ts';
import { labWithBoards } from './many-boards.ts';

let lab: LabUnderTest;
beforeAll(async () => {
  lab = await startLab(labWithBoards(10));
});
afterAll(() => lab?.stop());

test('50 claims of 10 boards at once over ssh: each board has one holder, and the others are told who', async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      lab.ssh(index % 2 === 0 ? 'labhost-alice' : 'labhost-bob', 'labcli', 'claim', 'rockpro64', '--json'),
    ),
  );
  const granted = outcomes.filter(({ code }) => code === 0).map(({ stdout }) => JSON.parse(stdout) as ClaimedBoard);
  const refused = outcomes.filter(({ code }) => code !== 0);
  expect(new Set(granted.map(({ board }) => board)).size).toBe(10);
  expect(granted).toHaveLength(10);
  expect(new Set(refused.map(({ code }) => code))).toEqual(new Set([5]));
  for (const { stdout } of refused) expect(stdout).toMatch(/alice|bob/);

  const { boards } = await lab.json<BoardList>('alice', 'status');
  for (const { board, user, epoch } of granted) {
    expect(boards.find(({ handle }) => handle === board)).toMatchObject({ state: 'claimed', user, epoch });
  }
  // Each jail lets in its holder alone.
  const doors = await Promise.all(granted.map(({ jailAddress }) => lab.ssh(jailAddress, 'hostname')));
  expect(doors.map(({ stdout }) => stdout.trim()).sort()).toEqual(granted.map(({ board }) => board).sort());

  const released = await Promise.all(
    granted.map(({ board, user }) => lab.ssh(`labhost-${user}`, 'labcli', 'release', board)),
  );
  expect(released.map(({ code }) => code)).toEqual(Array(10).fill(0));
  const after = await lab.json<BoardList>('bob', 'status');
  expect(after.boards.map(({ state }) => state)).toEqual(Array(10).fill('free'));
}, 180_000);
