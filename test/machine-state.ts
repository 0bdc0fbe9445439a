import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a lab could leave on a machine, as sorted lines: two states of the same machine can be compared. */
export type MachineState = Readonly<Record<string, readonly string[]>>;

const labPrograms =
  /^(qemu-system-\w+|ovs-vswitchd|ovsdb-server|ganesha\.nfsd|dnsmasq|runsvdir|runsv|crun|socat|sshd|node|perl|unshare)$/;

export function readMachineState(): MachineState {
  return {
    processes: readProcesses(),
    networkNamespaces: list('/run/netns'),
    interfaces: list('/sys/class/net'),
    mounts: lines('/proc/self/mountinfo').map(line => line.split(' ')[4] ?? ''),
    cgroups: listCgroups('/sys/fs/cgroup', 0),
    loopDevices: list('/sys/block').flatMap(device => lines(`/sys/block/${device}/loop/backing_file`)),
    accounts: lines('/etc/passwd'),
    temporaryFiles: list(tmpdir()).filter(name => name.startsWith('labcli-')),
    runFiles: list('/run'),
    stateFiles: [...list('/opt'), ...list('/var/lib'), ...list('/etc')],
  };
}

/** What the second state has and the first has not. */
export function findLeftovers(before: MachineState, after: MachineState): MachineState {
  return Object.fromEntries(
    Object.entries(after)
      .map(([kind, items]) => [kind, items.filter(item => !before[kind]?.includes(item))] as const)
      .filter(([, items]) => items.length > 0),
  );
}

/** Programs of the kinds that a lab starts, and whatever runs in a network, user or pid namespace that is not ours. */
function readProcesses(): string[] {
  const own = namespacesOf('self');
  return list('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap(pid => {
      const stat = lines(`/proc/${pid}/stat`)[0];
      if (!stat) return [];
      const command = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields[0] === 'Z') return [];
      const namespaces = namespacesOf(pid);
      const isElsewhere = namespaces !== '' && namespaces !== own;
      return isElsewhere || labPrograms.test(command) ? [`${pid} ${command} started ${fields[19]}`] : [];
    });
}

function namespacesOf(pid: string): string {
  try {
    return ['net', 'user', 'pid'].map(kind => readlinkSync(`/proc/${pid}/ns/${kind}`)).join();
  } catch {
    return '';
  }
}

function listCgroups(path: string, depth: number): string[] {
  if (depth > 4) return [];
  return list(path).flatMap(name => {
    const below = join(path, name);
    if (!existsSync(join(below, 'cgroup.procs')) && depth > 0) return [];
    return [...(name.startsWith('labcli') ? [below] : []), ...listCgroups(below, depth + 1)];
  });
}

function list(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}

function lines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}
