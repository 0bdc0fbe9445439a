import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../config/load-config.ts';
import { LabError } from '../lab/error.ts';
import { paths } from '../system/paths.ts';
import { createCgroup, removeCgroup } from './cgroup.ts';
import { makeKeys, writeClientConfig } from './client-config.ts';
import { findOnlyChild, identifyProcess, isRunning, killAndWait, type ProcessIdentity } from './init-process.ts';
import { spawnInNamespaces } from './namespaces.ts';

/** What is built once and shared by all virtual lab hosts of a checkout. */
export interface Ingredients {
  /** The repository's root. */
  readonly source: string;
  /** Root file system of the jails. */
  readonly jailBase: string;
  /** Default boot configurations, one folder each. */
  readonly bootFiles: string;
}

export interface VirtualHost {
  readonly directory: string;
  readonly pid: number;
  /** An ssh_config(5): `labhost`, `labhost-<user>`, each jail by handle (the first user's way), and by address. */
  readonly sshConfig: string;
  /** A path inside the lab host, as seen from outside. */
  outside(path: string): string;
  /** The command line that runs a program as root on the lab host. */
  enter(...command: readonly string[]): readonly [string, ...string[]];
  stop(): Promise<void>;
}

interface Marker {
  readonly launcher: ProcessIdentity;
  readonly init: ProcessIdentity;
  readonly cgroup: string;
  readonly users: readonly string[];
}

/**
 * Starts a lab host in namespaces of its own, with the virtual lab of `labYaml` (text) and fresh keys for `users`.
 * `directory` must be empty or absent; everything of the lab is kept there. Comes back when ssh is answered.
 */
export async function startVirtualHost(
  directory: string,
  labYaml: string,
  users: readonly string[],
  ingredients: Ingredients,
): Promise<VirtualHost> {
  for (const folder of ['config', 'state', 'log']) mkdirSync(join(directory, folder), { recursive: true });
  await makeKeys(join(directory, 'keys'), users);
  await writeConfig(directory, labYaml, users);
  return bootVirtualHost(directory, users, ingredients);
}

/**
 * What a power failure and a boot are to a real lab host: everything ends at once, and starts anew with what is on the disk.
 * /run is empty then, and there are no namespaces, mounts and interfaces.
 */
export async function restartVirtualHost(directory: string, ingredients: Ingredients): Promise<VirtualHost> {
  const { users } = JSON.parse(readFileSync(join(directory, 'host.json'), 'utf8')) as Marker;
  await stopVirtualHost(directory, { keepFiles: true });
  return bootVirtualHost(directory, users, ingredients);
}

async function bootVirtualHost(
  directory: string,
  users: readonly string[],
  { source, jailBase, bootFiles }: Ingredients,
): Promise<VirtualHost> {
  const config = loadConfig(join(directory, 'config/lab.yaml'));
  const cgroup = createCgroup(`labcli-${basename(directory)}-${randomBytes(3).toString('hex')}`);
  const launcher = spawnInNamespaces(cgroup, join(import.meta.dirname, 'init.sh'), [
    directory,
    join(source, 'dist'),
    process.execPath,
    join(source, 'node_modules'),
    jailBase,
    bootFiles,
  ]);
  launcher.unref();
  const launcherIdentity = launcher.pid === undefined ? undefined : identifyProcess(launcher.pid);
  if (!launcherIdentity) throw new LabError('device', 'unshare could not be started');
  const init = await findOnlyChild(launcherIdentity.pid).catch(async error => {
    await killAndWait(launcherIdentity);
    await removeCgroup(cgroup);
    throw error;
  });
  const marker: Marker = { launcher: launcherIdentity, init, cgroup, users };
  writeFileSync(join(directory, 'host.json'), JSON.stringify(marker));
  let sshConfig: string;
  try {
    await waitForDoor(directory, init);
    sshConfig = await writeClientConfig({ directory, hostPid: init.pid, users, jails: config.boards });
  } catch (error) {
    await stopVirtualHost(directory, { keepFiles: true });
    throw error;
  }
  return {
    directory,
    pid: init.pid,
    sshConfig,
    outside: path => `/proc/${init.pid}/root${path}`,
    enter: (...command) => ['nsenter', '--target', String(init.pid), '--all', '--', ...command],
    stop: () => stopVirtualHost(directory),
  };
}

/** Ends a virtual lab host and everything in it, by pid, and removes its cgroup and folder. Does nothing if none is there. */
export async function stopVirtualHost(
  directory: string,
  options: { readonly keepFiles?: boolean } = {},
): Promise<void> {
  const path = join(directory, 'host.json');
  if (existsSync(path)) {
    const marker = JSON.parse(readFileSync(path, 'utf8')) as Marker;
    await killAndWait(marker.init);
    await killAndWait(marker.launcher);
    await removeCgroup(marker.cgroup);
  }
  if (!options.keepFiles) rmSync(directory, { recursive: true, force: true });
}

async function writeConfig(directory: string, labYaml: string, users: readonly string[]): Promise<void> {
  const config = join(directory, 'config');
  mkdirSync(join(config, 'keys'), { recursive: true });
  for (const user of users) {
    writeFileSync(join(config, 'keys', `${user}.pub`), readFileSync(join(directory, 'keys', `${user}.pub`)));
  }
  const password = () => randomBytes(16).toString('hex');
  writeFileSync(join(config, 'lab.yaml'), labYaml);
  const secrets = `poe1: { auth_password: ${password()}, priv_password: ${password()} }\n`;
  writeFileSync(join(config, 'secrets.yaml'), secrets, { mode: 0o600 });
}

/** The door is open when sshd has its pid file, the switch answers, and both daemons have their sockets. */
async function waitForDoor(directory: string, init: ProcessIdentity, timeoutMs = 30_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  const awaited = ['/run/sshd.pid', '/run/vlab/pid', paths.jaildSocket, paths.hostSocket];
  const missing = () => awaited.filter(path => !existsSync(`/proc/${init.pid}/root${path}`));
  while (missing().length > 0) {
    if (!isRunning(init)) {
      throw new LabError('device', 'the virtual lab host ended at once', {
        hint: `see ${join(directory, 'log/init.log')}`,
      });
    }
    if (performance.now() > deadline) {
      throw new LabError('timeout', `the virtual lab host has no ${missing().join(', ')}`, {
        hint: `see ${join(directory, 'log')}`,
      });
    }
    await sleep(10);
  }
}
