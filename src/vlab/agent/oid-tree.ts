/** What SNMP can carry of what a switch has to say (RFC 2578 section 7.1). */
export type SnmpValue =
  | { readonly type: 'Integer' | 'Gauge' | 'TimeTicks'; readonly value: number }
  | { readonly type: 'OctetString'; readonly value: string | Buffer }
  | { readonly type: 'OID'; readonly value: string };

/** One instance of an object. `write` is there when it can be set. */
export interface Instance {
  readonly oid: string;
  read(): SnmpValue;
  readonly write?: Write;
}

/** Phase one of a SET (RFC 3416 section 4.2.5) checks and gives what phase two does; a refusal is an error status. */
export type Write = (value: unknown, type: SnmpValue['type'] | undefined) => Commit | { readonly refusal: Refusal };
/** What can fail has an `undo`. */
export interface Commit {
  run(): void | Promise<void>;
  undo?(): Promise<void>;
}
export type Refusal =
  | 'WrongType'
  | 'WrongLength'
  | 'WrongValue'
  | 'NoCreation'
  | 'InconsistentValue'
  | 'NotWritable'
  | 'InconsistentName';

/** What a SET asks for, all of it: a row may come with its columns in one request. */
export type SetRequest = readonly { readonly oid: string; readonly value: unknown }[];
/** How to write an instance that is not there. */
export type FindCreation = (oid: string, request: SetRequest) => Write | undefined;

/** Instances in lexicographic order of their OIDs, as GETNEXT wants them. */
export interface OidTree {
  find(oid: string): Instance | undefined;
  findNext(oid: string): Instance | undefined;
  /** How to set an instance: one that is there, or one that a SET may create; else a write that refuses and says why. */
  findWrite(oid: string, request: SetRequest): Write;
}

/** `writableObjects`: the objects (OIDs without the instance) that have, or could have, instances that can be set. */
export function createOidTree(
  instances: readonly Instance[],
  findCreation: FindCreation = () => undefined,
  writableObjects: readonly string[] = [],
): OidTree {
  const sorted = instances
    .map(instance => ({ instance, arcs: parseOid(instance.oid) }))
    .sort((a, b) => compareOids(a.arcs, b.arcs));
  const byOid = new Map(instances.map(instance => [instance.oid, instance]));
  return {
    find: oid => byOid.get(oid),
    findWrite(oid, request) {
      const there = byOid.get(oid);
      const write = there ? there.write : findCreation(oid, request);
      if (write) return write;
      const couldBe = !there && writableObjects.some(object => oid.startsWith(`${object}.`));
      return () => refuse(couldBe ? 'NoCreation' : 'NotWritable');
    },
    findNext(oid) {
      const arcs = parseOid(oid);
      return sorted.find(entry => compareOids(entry.arcs, arcs) > 0)?.instance;
    },
  };
}

function parseOid(oid: string): number[] {
  return oid.split('.').map(Number);
}

function compareOids(a: readonly number[], b: readonly number[]): number {
  for (const [index, arc] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (arc !== other) return arc - other;
  }
  return a.length - b.length;
}

export function readable(oid: string, read: () => SnmpValue): Instance {
  return { oid, read };
}

export function integer(value: number): SnmpValue {
  return { type: 'Integer', value };
}

export function text(value: string | Buffer): SnmpValue {
  return { type: 'OctetString', value };
}

export function refuse(refusal: Refusal): { readonly refusal: Refusal } {
  return { refusal };
}
