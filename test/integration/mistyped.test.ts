import { editLab } from '../e2e/many-boards.ts';
import { claimBoard, type LabdUnderTest, runToEnd, startLabd } from './labd-under-test.ts';

/** What labd answers to names that nobody has: each answer says what was meant, or what there is. */
let lab: LabdUnderTest;
beforeAll(async () => {
  lab = await startLabd(2, '4h', text =>
    editLab(text, [
      [['users', 1, 'role'], 'admin'],
      [
        ['boards', 0, 'labels'],
        ['sdmux', 'ram=512m'],
      ],
    ]),
  );
});
afterAll(() => lab?.stop());

const claim = (want: object) =>
  runToEnd(lab.client('alice'), { kind: 'claim', body: { wants: [{ labels: [], ...want }] } });
const nothingFound = (message: string, hint: string) => ({ code: 'not-found', message, hint });

test.each([
  [{ class: 'rokpro64' }, 'there is no class rokpro64', 'did you mean rockpro64?'],
  [{ class: 'rockpro64-2' }, 'there is no class rockpro64-2', 'it is a board: `labcli claim --board rockpro64-2`'],
  [{ class: 'pc' }, 'there is no class pc', 'the classes are rockpro64'],
  [{ board: 'rockpro64-3' }, 'there is no board rockpro64-3', 'did you mean rockpro64-1?'],
  [{ board: 'x86' }, 'there is no board x86', 'the boards are rockpro64-1, rockpro64-2'],
  [{ class: 'rockpro64', labels: ['sdmx'] }, 'no board has the label sdmx', 'did you mean sdmux?'],
])('a claim of %j', async (want, message, hint) => {
  await expect(claim(want)).rejects.toMatchObject(nothingFound(message, hint));
});

test.each([
  [{ class: 'Rock' }, 'class "Rock": this is not the name of a class'],
  [{ board: '../1' }, 'board "../1": this is not a board’s handle'],
  [{ class: 'rockpro64', labels: ['sd', 'a b'] }, 'labels "a b": this is not a label'],
])('a claim of %j, which can be no name, is told with what was typed', async (want, message) => {
  await expect(claim(want)).rejects.toMatchObject({ code: 'usage', message });
});

test('a colleague, a board to switch on, and a board to take out', async () => {
  const [alice, admin] = [lab.client('alice'), lab.client('bob')];
  const { board } = await claimBoard(alice);
  const told = nothingFound('lab.yaml has no user bobb', 'did you mean bob?');
  await expect(alice.call('POST /v1/share', { board, user: 'bobb' })).rejects.toMatchObject(told);
  const unknown = nothingFound('there is no board rockpro64-3', 'did you mean rockpro64-1?');
  await expect(alice.setPower({ action: 'on', board: 'rockpro64-3' })).rejects.toMatchObject(unknown);
  const bar = { board: 'rockpro64-3', kind: 'offline', reason: 'gone' } as const;
  await expect(admin.call('POST /v1/admin/bar', bar)).rejects.toMatchObject(unknown);
  const check = runToEnd(admin, { kind: 'admin/check', body: { board: 'rockpro64-3' } });
  await expect(check).rejects.toMatchObject(unknown);
});

test('an admin who lifts what does not stand is told what does, and how that is lifted', async () => {
  const admin = lab.client('bob');
  const board = 'rockpro64-2';
  const plain = { code: 'not-found', message: `${board} is neither offline nor has it failed a health check` };
  const refused = admin.call('POST /v1/admin/unbar', { board });
  await expect(refused).rejects.toMatchObject({ ...plain, hint: undefined });
  const window = { startsAtMs: Date.now(), endsAtMs: Date.now() + 3_600_000 };
  await admin.call('POST /v1/admin/bar', { board, kind: 'maintenance', reason: 'new fan', ...window });
  const hint = expect.stringMatching(
    /^maintenance from .* UTC until .* UTC: new fan\n`--only maintenance` ends a maintenance$/,
  );
  await expect(admin.call('POST /v1/admin/unbar', { board })).rejects.toMatchObject({ ...plain, hint });
  const wrong = admin.call('POST /v1/admin/unbar', { board, kind: 'offline' });
  await expect(wrong).rejects.toMatchObject({ message: `${board} is not offline`, hint });
});
