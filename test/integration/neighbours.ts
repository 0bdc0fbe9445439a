import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCgroup, listCgroups, removeCgroup } from '../../src/vhost/cgroup.ts';
import { type JaildHost, startJaildHost } from './jaild-host.ts';

/** Jails side by side, one of which is attacked from another: with the limits of the example lab.yaml, and without. */
const labYaml = readFileSync(join(import.meta.dirname, '../../lab.yaml'), 'utf8')
  .replace('classes:\n', 'classes:\n  - { name: unlimited, architecture: arm64, limits: { cpu: 64, memory: 2G } }\n')
  .replace(
    'boards:\n',
    'boards:\n  - { handle: unlimited-1, class: unlimited, mac: 52:54:00:00:01:67, vlan: 103, power: { switch: poe1, port: 3 }, ' +
      'serial: { path: /run/vlab/tty/unlimited-1 } }\n',
  );
const claim = { epoch: 1, user: 'alice', expiresAtMs: Date.UTC(2031, 4, 4) };
export const attacker = { name: 'rockpro64-1', address: '10.77.0.101' };
const victim = { name: 'rockpro64-2', address: '10.77.0.102' };
export const unlimited = { name: 'unlimited-1', address: '10.77.0.103' };

/** They end by themselves, for nobody else could get in to end them. */
export const forkBomb = "perl -e '$end = time + 5; while (time < $end) { fork }'";
export const memoryHog =
  'perl -e \'$end = time + 5; while (time < $end) { if (!fork) { push @x, "x" x 1e6 while time < $end; exit } wait }\'';
export const both = `(${memoryHog}) & sleep 2; ${forkBomb}; wait`;

let host: JaildHost;
let clients: string;

export async function startNeighbours(): Promise<void> {
  host = await startJaildHost(labYaml);
  clients = createCgroup(`${basename(host.cgroup)}-clients`);
  // The lab host and its users come before whatever else this machine does, which would only be noise.
  preferOverMachine(host.cgroup);
  const group = preferOverMachine(clients);
  if (group) moveHere(group);
  await host.startJaild();
  const jails = [attacker, victim, unlimited];
  const answers = await Promise.all(jails.map(({ name }) => host.build(name, claim)));
  for (const { events } of answers) {
    if (events.at(-1)?.event !== 'done') throw new Error(`a jail was not built: ${JSON.stringify(events.at(-1))}`);
  }
  await timeLogins(5);
}

export async function stopNeighbours(): Promise<void> {
  await host?.stop();
  if (clients === undefined) return;
  for (const group of listCgroups(clients))
    if (readMembers(group).includes(String(process.pid))) moveHere(dirname(group));
  await removeCgroup(clients);
}

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
    const { code, stderr } = await host.ssh('alice', victim.address, 'true');
    if (code !== 0) throw new Error(`nobody gets in next door: ${stderr}`);
    times.push(performance.now() - start);
  }
  return times;
}

/**
 * How much longer a log-in next door takes while the attack goes on than just before; `undefined` when the attack was over too
 * soon to tell, for the kernel may kill whatever began it first.
 */
export async function measureAttack({ name, address }: typeof attacker, attack: string): Promise<number | undefined> {
  await waitForCalm(name);
  const quiet = await timeLogins(6);
  let isOn = true;
  const ended = host.ssh('alice', address, `{ ${attack}; } >/dev/null 2>&1`).then(() => {
    isOn = false;
  });
  await sleep(700);
  const loud = await timeLogins(12, () => isOn);
  await ended;
  // The last one may have been alone. Where nothing stops the attack, there is time for one.
  const during = loud.length > 1 ? loud.slice(0, -1) : loud;
  return during.length === 0 ? undefined : median(during) / median(quiet);
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

export async function measurePairs(jail: typeof attacker, attack: string): Promise<number> {
  const ratios: number[] = [];
  for (let attempt = 0; ratios.length < 5; attempt++) {
    if (attempt === 15) throw new Error(`the attack is over too soon to measure anything: ${attack}`);
    const ratio = await measureAttack(jail, attack);
    if (ratio !== undefined) ratios.push(ratio);
  }
  return median(ratios);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** How often the kernel said no to the jail: to a fork, or with a kill for want of memory. */
export async function countRefusals(jail: string): Promise<{ forks: number; kills: number }> {
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
