import type { Part, PartName, PartState } from './part.ts';

type Edges = Pick<Part, 'name' | 'needs'>;

/** What to remove (dependents first is the executor's business) and then what to create, for a jail to be complete. */
export interface BuildPlan {
  readonly remove: ReadonlySet<PartName>;
  readonly create: ReadonlySet<PartName>;
}

/** `parts` in an order where each comes after all that it needs. */
export function planBuild(parts: readonly Edges[], states: ReadonlyMap<PartName, PartState>): BuildPlan {
  const create = new Set<PartName>();
  const remove = new Set<PartName>();
  for (const { name, needs } of parts) {
    const state = states.get(name)?.state ?? 'absent';
    if (state === 'present' && !needs.some(need => create.has(need))) continue;
    create.add(name);
    if (state !== 'absent') remove.add(name);
  }
  return { remove, create };
}

/** Edges for `runInOrder`: each part waits for what it needs. */
export function buildOrder(parts: readonly Edges[]): Map<PartName, readonly PartName[]> {
  return new Map(parts.map(({ name, needs }) => [name, needs]));
}

/** Edges for `runInOrder`: each part waits for all that need it. */
export function removalOrder(parts: readonly Edges[]): Map<PartName, readonly PartName[]> {
  return new Map(
    parts.map(({ name }) => [name, parts.filter(({ needs }) => needs.includes(name)).map(other => other.name)]),
  );
}

/** The same order, for some of the names: edges to others are left out. */
export function restrictOrder(
  order: ReadonlyMap<PartName, readonly PartName[]>,
  names: ReadonlySet<PartName>,
): Map<PartName, readonly PartName[]> {
  return new Map(
    [...order]
      .filter(([name]) => names.has(name))
      .map(([name, others]) => [name, others.filter(other => names.has(other))]),
  );
}
