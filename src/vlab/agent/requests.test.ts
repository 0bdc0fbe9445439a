import { type Commit, createOidTree, type Instance, integer, type OidTree, refuse, type Write } from './oid-tree.ts';
import { answerBulk, answerGet, answerNext, answerSet, type Varbind } from './requests.ts';

const integerType = 2;
const endOfMibView = 130;
const noSuchInstance = 129;

/** 1.1.0 and 1.1.1 can be set to 1..9, 1.2.0 cannot; 1.3.0 can be set, which fails in the second phase. */
function makeTree() {
  const values = new Map([
    ['1.1.0', 1],
    ['1.1.1', 1],
    ['1.2.0', 1],
    ['1.3.0', 1],
  ]);
  const write =
    (oid: string, commit: Partial<Commit> = {}): Write =>
    (value, type) => {
      if (type !== 'Integer' || typeof value !== 'number') return refuse('WrongType');
      if (value > 9) return refuse('WrongValue');
      return { run: () => void values.set(oid, value), ...commit };
    };
  const fails: Partial<Commit> = {
    run: () => Promise.reject(new Error('the hardware said no')),
    undo: async () => {},
  };
  const undoable = (oid: string): Partial<Commit> => ({ undo: async () => void values.set(oid, 1) });
  const instance = (oid: string, own?: Write): Instance => ({
    oid,
    read: () => integer(values.get(oid) ?? 0),
    ...(own ? { write: own } : {}),
  });
  const tree = createOidTree(
    [
      instance('1.1.0', write('1.1.0')),
      instance('1.1.1', write('1.1.1', undoable('1.1.1'))),
      instance('1.2.0'),
      instance('1.3.0', write('1.3.0', fails)),
    ],
    () => undefined,
    ['1.1', '1.3'],
  );
  return { tree, values };
}

const set = (oid: string, value: unknown = 5, type = integerType): Varbind => ({ oid, type, value });
const oidsAndTypes = (varbinds: readonly Varbind[]) => varbinds.map(({ oid, type }) => `${oid}:${type}`);

describe('SET', () => {
  let tree: OidTree;
  let values: Map<string, number>;
  beforeEach(() => {
    ({ tree, values } = makeTree());
  });
  const all = () => [...values.values()];

  test('writes everything that it is asked to', async () => {
    expect(await answerSet(tree, [set('1.1.0'), set('1.1.1', 6)], true)).toEqual({ status: 0, index: 0 });
    expect(all()).toEqual([5, 6, 1, 1]);
  });

  test.each([
    ['a value of another type', set('1.1.1', Buffer.from('x'), 4), 7],
    ['a value that is not allowed', set('1.1.1', 10), 10],
    ['an object that can only be read', set('1.2.0'), 17],
    ['an instance that is not there of an object that can be set', set('1.1.7'), 11],
    ['an object that is not there', set('1.9.0'), 17],
    ['an OID that only begins like one', set('1.10.0'), 17],
  ])('%s is refused with its place, and nothing is written', async (_what, refused, status) => {
    expect(await answerSet(tree, [set('1.1.0'), refused], true)).toEqual({ status, index: 2 });
    expect(all()).toEqual([1, 1, 1, 1]);
  });

  test('who may only read is refused before anything else', async () => {
    expect(await answerSet(tree, [set('1.9.0')], false)).toEqual({ status: 6, index: 1 });
  });

  test('when the hardware fails, what was done is undone and nothing else is done', async () => {
    const varbinds = [set('1.1.0'), set('1.1.1'), set('1.3.0')];
    expect(await answerSet(tree, varbinds, true)).toEqual({ status: 14, index: 3 });
    expect(all()).toEqual([1, 1, 1, 1]);
  });
});

describe('GET, GETNEXT, GETBULK', () => {
  const { tree } = makeTree();
  const ask = (...oids: readonly string[]) => oids.map(oid => ({ oid, type: 5, value: null }));

  test('a missing instance is marked, and the others are answered', () => {
    expect(oidsAndTypes(answerGet(tree, ask('1.1.0', '1.1.9')))).toEqual(['1.1.0:2', `1.1.9:${noSuchInstance}`]);
  });

  test('after the last instance comes the end', () => {
    expect(oidsAndTypes(answerNext(tree, ask('1.1', '1.3.0')))).toEqual(['1.1.0:2', `1.3.0:${endOfMibView}`]);
  });

  test.each([
    [0, 2, ['1.1.0:2', '1.2.0:2', '1.1.1:2', '1.3.0:2']],
    [1, 2, ['1.1.0:2', '1.2.0:2', '1.3.0:2']],
    [2, 2, ['1.1.0:2', '1.2.0:2']],
    [9, 2, ['1.1.0:2', '1.2.0:2']],
    [0, 0, []],
    [-1, 1, ['1.1.0:2', '1.2.0:2']],
  ])('%d once and the rest %d times', (nonRepeaters, maxRepetitions, answer) => {
    expect(oidsAndTypes(answerBulk(tree, ask('1.1', '1.2'), { nonRepeaters, maxRepetitions }))).toEqual(answer);
  });

  test('a repetition goes on for one variable when another is at its end', () => {
    const answer = answerBulk(tree, ask('1.3', '1.1'), { nonRepeaters: 0, maxRepetitions: 3 });
    expect(oidsAndTypes(answer)).toEqual([
      ...['1.3.0:2', '1.1.0:2'],
      ...[`1.3.0:${endOfMibView}`, '1.1.1:2'],
      ...[`1.3.0:${endOfMibView}`, '1.2.0:2'],
    ]);
  });
});
