import snmp from 'net-snmp';
import type { Commit, Instance, OidTree, SnmpValue } from './oid-tree.ts';

export interface Varbind {
  readonly oid: string;
  readonly type: number;
  readonly value: unknown;
}

/** RFC 3416 section 3. */
const errorStatus = {
  noError: 0,
  noAccess: 6,
  WrongType: 7,
  WrongLength: 8,
  WrongValue: 10,
  NoCreation: 11,
  InconsistentValue: 12,
  commitFailed: 14,
  undoFailed: 15,
  NotWritable: 17,
  InconsistentName: 18,
} as const;

/** A GETBULK is cut so that its answer fits one datagram. */
const mostRepetitions = 50;

export function answerGet(tree: OidTree, varbinds: readonly Varbind[]): Varbind[] {
  return varbinds.map(({ oid }) => {
    const instance = tree.find(oid);
    return instance ? read(instance) : { oid, type: snmp.ObjectType.NoSuchInstance, value: null };
  });
}

export function answerNext(tree: OidTree, varbinds: readonly Varbind[]): Varbind[] {
  return varbinds.map(({ oid }) => {
    const instance = tree.findNext(oid);
    return instance ? read(instance) : { oid, type: snmp.ObjectType.EndOfMibView, value: null };
  });
}

/** RFC 3416 section 4.2.3: the first `nonRepeaters` once, the rest up to `maxRepetitions` times, row by row. */
export function answerBulk(
  tree: OidTree,
  varbinds: readonly Varbind[],
  counts: { readonly nonRepeaters: number; readonly maxRepetitions: number },
): Varbind[] {
  const single = Math.max(0, counts.nonRepeaters);
  const answer = answerNext(tree, varbinds.slice(0, single));
  let row: readonly Varbind[] = varbinds.slice(single);
  for (let repetition = 0; repetition < Math.min(counts.maxRepetitions, mostRepetitions); repetition++) {
    row = answerNext(tree, row);
    answer.push(...row);
    if (row.every(({ type }) => type === snmp.ObjectType.EndOfMibView)) break;
  }
  return answer;
}

/** RFC 3416 section 4.2.5: all of it or nothing; the index counts from 1 and names the first varbind that was refused. */
export async function answerSet(
  tree: OidTree,
  varbinds: readonly Varbind[],
  mayWrite: boolean,
): Promise<{ status: number; index: number }> {
  const commits: { readonly index: number; readonly commit: Commit }[] = [];
  for (const [position, { oid, type, value }] of varbinds.entries()) {
    const index = position + 1;
    if (!mayWrite) return { status: errorStatus.noAccess, index };
    const plan = tree.findWrite(oid, varbinds)(value, typeName(type));
    if ('refusal' in plan) return { status: errorStatus[plan.refusal], index };
    commits.push({ index, commit: plan });
  }
  // What can fail comes first, so that what cannot be undone is done only when nothing can go wrong any more.
  const fallible = commits.filter(({ commit }) => commit.undo);
  for (const [position, { index, commit }] of fallible.entries()) {
    try {
      await commit.run();
    } catch {
      const isUndone = await undoAll(fallible.slice(0, position + 1).map(done => done.commit));
      return isUndone ? { status: errorStatus.commitFailed, index } : { status: errorStatus.undoFailed, index: 0 };
    }
  }
  for (const { commit } of commits) if (!commit.undo) await commit.run();
  return { status: errorStatus.noError, index: 0 };
}

async function undoAll(commits: readonly Commit[]): Promise<boolean> {
  try {
    for (const commit of commits.toReversed()) await commit.undo?.();
    return true;
  } catch {
    return false;
  }
}

function read(instance: Instance): Varbind {
  const { type, value } = instance.read();
  return { oid: instance.oid, type: snmp.ObjectType[type], value };
}

function typeName(code: number): SnmpValue['type'] | undefined {
  const names = ['Integer', 'Gauge', 'TimeTicks', 'OctetString', 'OID'] as const;
  return names.find(name => snmp.ObjectType[name] === code);
}
