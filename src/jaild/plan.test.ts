import { exampleSettings, exampleSpec } from './example-spec.ts';
import { createLimiter } from './limiter.ts';
import { absent, broken, type PartName, type PartState, partNames, present } from './part.ts';
import { createParts } from './parts/jail-parts.ts';
import { buildOrder, planBuild, removalOrder, restrictOrder } from './plan.ts';

const means = {
  settings: exampleSettings,
  render: () => '',
  authority: { publicKey: '', certify: () => '' },
  limiter: createLimiter(new Map()),
  limits: exampleSettings.limits,
};
const parts = createParts(exampleSpec, means);
const names = parts.map(part => part.name).sort();

function states(exceptions: Partial<Record<PartName, PartState>>, others = present): Map<PartName, PartState> {
  return new Map(partNames.map(name => [name, exceptions[name] ?? others]));
}

const plan = (observed: ReadonlyMap<PartName, PartState>) => {
  const { remove, create } = planBuild(parts, observed);
  return { remove: [...remove].sort(), create: [...create].sort() };
};

test('the parts are all there are, each after all that it needs', () => {
  const all = createParts({ ...exampleSpec, setup: { script: 'rockpro64', timeoutMs: 1000 } }, means);
  expect(all.map(part => part.name).sort()).toEqual([...partNames].sort());
  for (const [index, { needs }] of all.entries()) {
    for (const need of needs) expect(all.slice(0, index).map(part => part.name)).toContain(need);
  }
});

test('a complete jail needs nothing, an absent one everything and no removal', () => {
  expect(plan(states({}))).toEqual({ remove: [], create: [] });
  expect(plan(new Map())).toEqual({ remove: [], create: names });
});

test('what is absent is created, and what stands on it made anew', () => {
  expect(plan(states({ uplink: absent }))).toEqual({ remove: [], create: ['uplink'] });
  expect(plan(states({ 'nfs-view': absent }))).toEqual({ remove: ['container'], create: ['container', 'nfs-view'] });
});

test('what is broken is removed first', () => {
  expect(plan(states({ 'file-server': broken('it ended') }))).toEqual({
    remove: ['file-server'],
    create: ['file-server'],
  });
});

test('without its record, a jail is made anew from the ground', () => {
  const { remove, create } = plan(states({ directory: broken('no record') }));
  expect(create).toEqual(names);
  expect(remove).toEqual(names);
});

test('namespaces that are lost take with them what is in them, and leave the disk', () => {
  const { create } = plan(states({ namespaces: absent }));
  expect(create).toEqual(['board-wire', 'container', 'file-server', 'namespaces', 'nfs-view', 'root-fs', 'uplink']);
});

test('removal goes the opposite way: the folder comes last', () => {
  const forward = buildOrder(parts);
  for (const [name, before] of removalOrder(parts)) {
    for (const other of before) expect(forward.get(other)).toContain(name);
  }
  const reached = new Set<PartName>();
  const visit = (name: PartName) => {
    for (const other of removalOrder(parts).get(name) ?? []) {
      reached.add(other);
      visit(other);
    }
  };
  visit('directory');
  expect(reached.size).toBe(names.length - 1);
});

test('a restricted order has no edges to what was left out', () => {
  const order = restrictOrder(buildOrder(parts), new Set<PartName>(['container', 'root-fs']));
  expect([...order]).toEqual([
    ['root-fs', []],
    ['container', ['root-fs']],
  ]);
});
