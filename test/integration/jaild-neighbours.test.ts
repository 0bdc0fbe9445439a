import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCgroup, listCgroups, removeCgroup } from '../../src/vhost/cgroup.ts';
import { type JaildHost, startJaildHost } from './jaild-host.ts';

/** What a jail does to its neighbours, with the limits of the example lab.yaml; and, to see that it would show, without. */
const labYaml = readFileSync(join(import.meta.dirname, '../../lab.yaml'), 'utf8')
  .replace('classes:\n', 'classes:\n  - { name: unlimited, architecture: arm64, limits: { cpu: 64, memory: 2G } }\n')
  .replace(
    'boards:\n',
    'boards:\n  - { handle: unlimited-1, class: unlimited, mac: 52:54:00:00:01:67, vlan: 103, power: { switch: poe1, port: 3 }, ' +
      'serial: { path: /run/vlab/tty/unlimited-1 } }\n',
  );
const claim = { epoch: 1, user: 'alice', expiresAtMs: Date.UTC(2031, 4, 4) };
const attacker = { name: 'rockpro64-1', address: '10.77.0.101' };
const victim = { name: 'rockpro64-2', address: '10.77.0.102' };
const unlimited = { name: 'unlimited-1', address: '10.77.0.103' };

/** They end by themselves, for nobody else could get in to end them. */
const forkBomb = "perl -e '$end = time + 5; while (time < $end) { fork }'";
const memoryHog =
  'perl -e \'$end = time + 5; while (time < $end) { if (!fork) { push @x, "x" x 1e6 while time < $end; exit } wait }\'';
const both = `(${memoryHog}) & sleep 2; ${forkBomb}; wait`;

let host: JaildHost;
let clients: string;
beforeAll(async () => {
  host = await startJaildHost(labYaml);
  clients = createCgroup(`${basename(host.cgroup)}-clients`);
  // The lab host and its users come before whatever else this machine does, which would only be noise.
  preferOverMachine(host.cgroup);
  const group = preferOverMachine(clients);
  if (group) moveHere(group);
  await host.startJaild();
  const jails = [attacker, victim, unlimited];
  const answers = await Promise.all(jails.map(({ name }) => host.build(name, claim)));
  expect(answers.map(({ events }) => events.at(-1))).toEqual(jails.map(() => ({ event: 'done' })));
  await timeLogins(5);
});
afterAll(async () => {
  await host?.stop();
  if (clients === undefined) return;
  for (const group of listCgroups(clients))
    if (readMembers(group).includes(String(process.pid))) moveHere(dirname(group));
  await removeCgroup(clients);
});

/** Gives the group that has the machine's processor time to share; none does where cgroup v2 gives it no controllers. */
function preferOverMachine(cgroup: string): string | undefined {
  for (const group of listCgroups(cgroup)) {
    for (const [file, value] of [
      ['cpu.shares', '100000'],
      ['cpu.weight', '10000'],
    ] as const) {
      if (!existsSync(join(group, file))) continue;
      writeFileSync(join(group, file), value);
      return group;
    }
  }
  return undefined;
}

/** The programs that this process starts from now on are in the group, too. */
function moveHere(group: string): void {
  writeFileSync(join(group, 'cgroup.procs'), String(process.pid));
}

function readMembers(group: string): string[] {
  return readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n');
}

/** Milliseconds that each of `count` log-ins in the neighbour's jail takes, while `isOn` says so. */
async function timeLogins(count: number, isOn = () => true): Promise<number[]> {
  const times: number[] = [];
  while (times.length < count && isOn()) {
    const start = performance.now();
    expect((await host.ssh('alice', victim.address, 'true')).code).toBe(0);
    times.push(performance.now() - start);
  }
  return times;
}

/** How much longer a log-in next door takes while the attack goes on than just before. */
async function measureAttack({ name, address }: typeof attacker, attack: string): Promise<number> {
  await waitForCalm(name);
  const quiet = await timeLogins(6);
  let isOn = true;
  const ended = host.ssh('alice', address, `{ ${attack}; } >/dev/null 2>&1`).then(() => {
    isOn = false;
  });
  await sleep(700);
  const loud = await timeLogins(12, () => isOn);
  await ended;
  expect(loud.length).toBeGreaterThan(2);
  return median(loud) / median(quiet);
}

/** The jail's first process takes some seconds to bury the dead of the attack before; until then they count. */
async function waitForCalm(jail: string): Promise<void> {
  const script =
    'cat /run/cgroup-v1/pids/labcli/$0/pids.current 2>/dev/null || cat /sys/fs/cgroup/labcli/$0/pids.current';
  for (;;) {
    const { stdout } = await host.inside('sh', '-c', script, jail);
    if (Number(stdout) < 40) return;
    await sleep(100);
  }
}

async function measurePairs(jail: typeof attacker, attack: string): Promise<number> {
  const ratios: number[] = [];
  for (let pair = 0; pair < 5; pair++) ratios.push(await measureAttack(jail, attack));
  return median(ratios);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** How often the kernel said no to the jail: to a fork, or with a kill for want of memory. */
async function countRefusals(jail: string): Promise<{ forks: number; kills: number }> {
  const read = async (...files: string[]) => {
    const { stdout } = await host.inside('sh', '-c', 'cat "$@" 2>/dev/null || true', 'cat', ...files);
    return Number(/(?:max|oom_kill) (\d+)/.exec(stdout)?.[1]);
  };
  const [v1, v2] = ['/run/cgroup-v1', '/sys/fs/cgroup/labcli'];
  return {
    forks: await read(`${v1}/pids/labcli/${jail}/pids.events`, `${v2}/${jail}/pids.events`),
    kills: await read(`${v1}/memory/labcli/${jail}/memory.oom_control`, `${v2}/${jail}/memory.events`),
  };
}

const limit = 1.2;

test.each([
  ['a fork bomb', forkBomb, { forks: true, kills: false }],
  ['a memory hog', memoryHog, { forks: false, kills: true }],
  ['a fork bomb beside a memory hog', both, { forks: true, kills: true }],
])(
  '%s in one jail changes another jail’s ssh latency by less than 20 %%',
  async (_what, attack, refused) => {
    const before = await countRefusals(attacker.name);
    const ratios: number[] = [];
    // Other work on the machine can spoil a series, but not make a bad one good.
    while (ratios.length < 3 && !ratios.some(ratio => ratio < limit)) {
      ratios.push(await measurePairs(attacker, attack));
    }
    const after = await countRefusals(attacker.name);
    expect(after.forks > before.forks || !refused.forks).toBe(true);
    expect(after.kills > before.kills || !refused.kills).toBe(true);
    expect(Math.min(...ratios)).toBeLessThan(limit);
  },
  240_000,
);

test('without a limit of processor time, the same fork bomb is felt next door', async () => {
  expect(await measurePairs(unlimited, forkBomb)).toBeGreaterThan(limit);
}, 120_000);
