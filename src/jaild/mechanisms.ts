import { existsSync, readFileSync } from 'node:fs';
import type { MissingLimit } from '../config/lab-config.ts';
import { LabError } from '../lab/error.ts';
import { run } from '../system/run.ts';
import type { Controller, ControllerPlaces } from './controllers.ts';
import { probeRootFs } from './probe-root-fs.ts';

/** Something of the kernel, or a program that works it, that jails are made with. */
interface Mechanism {
  readonly name: string;
  /** What to do on a host that has not got it. */
  readonly remedy: string;
  /** How lab.yaml says that jails may be without; there is no such word for what a jail cannot be built or closed without. */
  readonly allowance?: MissingLimit;
  /** Why it cannot be used; undefined when it can. */
  findLack(): string | undefined | Promise<string | undefined>;
}

function limit(controller: Controller, what: string, allowance: MissingLimit, places: ControllerPlaces): Mechanism {
  return {
    name: `a limit of jails' ${what}`,
    remedy: `give the kernel the cgroup controller ${controller}: systemd.unified_cgroup_hierarchy=1, and no cgroup_disable=, where it boots`,
    allowance,
    findLack: () =>
      places.has(controller) ? undefined : `no cgroup controller ${controller}, neither in version 2 nor in 1`,
  };
}

function listMechanisms(places: ControllerPlaces): readonly Mechanism[] {
  return [
    limit('memory', 'memory', 'memory-limit', places),
    limit('pids', 'processes', 'process-limit', places),
    limit('cpu', 'processor time', 'cpu-limit', places),
    limit('io', 'disk traffic', 'io-limit', places),
    {
      name: 'user namespaces',
      remedy: 'sysctl user.max_user_namespaces=100000, or a kernel with CONFIG_USER_NS',
      findLack: () =>
        Number(readText('/proc/sys/user/max_user_namespaces')) > 0 ? undefined : 'the kernel allows none',
    },
    {
      name: 'seccomp',
      remedy: 'a kernel with CONFIG_SECCOMP_FILTER, and a crun that was built with seccomp',
      findLack: findSeccompLack,
    },
    {
      name: 'loop devices',
      remedy: 'modprobe loop',
      findLack: () => attempt('losetup', ['--find']),
    },
    {
      name: 'nf_tables',
      remedy: 'apt install nftables, and a kernel with CONFIG_NF_TABLES',
      findLack: () => attempt('nft', ['list', 'tables']),
    },
    {
      name: "a limit of jails' connections",
      remedy: 'a kernel with CONFIG_NFT_CONNLIMIT',
      findLack: () => run('nft', ['--check', '-f', '-'], { input: countingRules }).then(() => undefined, describe),
    },
    {
      name: 'overlayfs over idmapped mounts',
      remedy:
        'Linux 5.19 or newer with CONFIG_OVERLAY_FS, and the base of jails on a file system such as ext4, xfs or btrfs',
      findLack: probeRootFs,
    },
  ];
}

/**
 * Looks whether this host has all that jails are closed with. Throws `LabError('device')` that names what it lacks, the remedy, and
 * the word for lab.yaml by which the lab's admin has jails without it. Gives sentences for the log: what is allowed to lack, and what
 * else makes the wall weaker.
 */
export async function checkMechanisms(places: ControllerPlaces, allowed: readonly MissingLimit[]): Promise<string[]> {
  const lacks = await Promise.all(
    listMechanisms(places).map(async mechanism => ({ ...mechanism, lack: await mechanism.findLack() })),
  );
  const missing = lacks.filter(({ lack }) => lack !== undefined);
  const isAllowed = ({ allowance }: Mechanism) => allowance !== undefined && allowed.includes(allowance);
  const refused = missing.filter(mechanism => !isAllowed(mechanism));
  if (refused.length > 0) {
    throw new LabError(
      'device',
      `this host lacks ${refused.map(({ name, lack }) => `${name} (${lack})`).join('; and ')}`,
      {
        hint: refused.map(adviseOn).join('\n  '),
      },
    );
  }
  return missing
    .map(({ name, lack, allowance }) => `jails are without ${name}, as ${allowance} in lab.yaml allows: ${lack}`)
    .concat(places.get('io')?.version === 1 ? [weakIoLimit] : [])
    .concat(readText('/proc/sys/kernel/core_pattern').startsWith('|') ? [outsideHandler] : []);
}

/** Looked at by the kernel, and not loaded. */
const countingRules = `table inet labcli_probe {
  set connections { typeof iifname; size 16; flags dynamic; }
  chain probe { iifname "lc*" ct state new add @connections { iifname ct count over 1 } drop; }
}
`;

/** core(5): RLIMIT_CORE does not keep the kernel from it. */
const outsideHandler =
  'kernel.core_pattern names a program that the kernel runs as root of this host for crashes in jails, too: sysctl kernel.core_pattern=core';

/** Writing that is not waited for is done later by the kernel itself, in no cgroup of version 1. */
const weakIoLimit =
  "the limit of jails' disk traffic is cgroup v1's, which counts reading and synchronous writing alone; the rest is bounded by memory";

function adviseOn({ name, remedy, allowance }: Mechanism): string {
  const way = allowance
    ? `or have jails without it: \`allow_without: [${allowance}]\` under jails in lab.yaml`
    : 'jails cannot be without it';
  return `${name}: ${remedy}; ${way}`;
}

async function findSeccompLack(): Promise<string | undefined> {
  const actions = readText('/proc/sys/kernel/seccomp/actions_avail').split(/\s+/);
  if (!actions.includes('errno')) return 'the kernel has no filters of system calls';
  const version = await run('crun', ['--version']).catch(describe);
  return version.includes('+SECCOMP') ? undefined : `crun cannot: ${version.trim().split('\n').at(-1)}`;
}

async function attempt(program: string, args: readonly string[]): Promise<string | undefined> {
  return run(program, args).then(() => undefined, describe);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
