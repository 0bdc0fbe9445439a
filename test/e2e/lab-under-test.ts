import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { restartVirtualHost, startVirtualHost, type VirtualHost } from '../../src/vhost/virtual-host.ts';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A virtual lab for one test file, driven over real ssh as its users drive it. */
export interface LabUnderTest {
  readonly host: VirtualHost;
  /** `ssh DESTINATION COMMAND...`; never throws for an exit code. */
  ssh(destination: string, ...command: readonly string[]): Promise<Outcome>;
  /** `ssh labhost-USER labcli WORD... --json`, parsed; throws with the output when it fails. */
  json<T>(user: string, ...words: readonly string[]): Promise<T>;
  /** Runs a program as root inside the lab host's namespaces. */
  inside(...command: readonly string[]): Promise<Outcome>;
  /** The pid (seen from outside) of a supervised program, once it runs. */
  pidOf(service: string): Promise<number>;
  /** The lab host loses its power, and boots again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const source = join(import.meta.dirname, '../..');

export function readExampleLab(): string {
  return readFileSync(join(source, 'lab.yaml'), 'utf8');
}

export async function startLab(labYaml = readExampleLab()): Promise<LabUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), 'labcli-e2e-'));
  const ingredients = {
    source,
    jailBase: join(source, '.cache/jail-base'),
    bootFiles: join(source, '.cache/boot'),
  };
  let host = await startVirtualHost(directory, labYaml, ['alice', 'bob'], ingredients);
  const ssh = (destination: string, ...command: readonly string[]) =>
    execute('ssh', ['-F', host.sshConfig, destination, ...command]);
  const inside = (...command: readonly string[]) => {
    const [program, ...args] = host.enter(...command);
    return execute(program, args);
  };
  return {
    get host() {
      return host;
    },
    ssh,
    inside,
    async json<T>(user: string, ...words: readonly string[]) {
      const outcome = await ssh(`labhost-${user}`, 'labcli', ...words, '--json');
      if (outcome.code !== 0) throw new Error(`labcli ${words.join(' ')}: ${JSON.stringify(outcome)}`);
      return JSON.parse(outcome.stdout) as T;
    },
    async pidOf(service) {
      for (;;) {
        const status = readFileSync(host.outside(`/run/service/${service}/supervise/pid`), 'utf8').trim();
        const pid = status === '' ? undefined : await findOutsidePid(host.pid, status);
        if (pid !== undefined) return pid;
        await sleep(10);
      }
    },
    async restart() {
      host = await restartVirtualHost(directory, ingredients);
    },
    async stop() {
      await host.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The NSpid line of /proc/PID/status (proc(5)) holds a process's pid in each namespace, outermost first. */
async function findOutsidePid(init: number, insidePid: string): Promise<number | undefined> {
  const namespace = readFileSync(`/proc/${init}/task/${init}/children`, 'utf8').split(' ').filter(Boolean);
  for (const pid of namespace.flatMap(child => [child, ...childrenOf(child)])) {
    try {
      const pids = /^NSpid:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]?.split(/\s+/);
      if (pids?.at(-1) === insidePid) return Number(pid);
    } catch {
      // It ended while the list was read.
    }
  }
  return undefined;
}

function childrenOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  } catch {
    return [];
  }
}

export function execute(program: string, args: readonly string[]): Promise<Outcome> {
  return new Promise(resolve => {
    execFile(program, args, { timeout: 60_000, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 255;
      resolve({ code, stdout, stderr });
    }).stdin?.end();
  });
}

/** What there is of jails on the lab host, in lines; nothing when no board is claimed. Zombies are nothing: their parent is PID 1. */
export async function tracesOfJails(lab: LabUnderTest): Promise<string> {
  const script = [
    'ls /var/lib/labcli/jaild/jails',
    'ls -A /run/labcli/jaild | grep -e user -e net',
    'ip -oneline link | grep -o "lc[0-9][0-9]*[a-z]"',
    'ip route | grep "10\\.77\\."',
    'grep rockpro64 /proc/mounts',
    'ovs-vsctl list-ports br-trunk | grep -v trunk0',
    'find /sys/fs/cgroup /run/cgroup-v1 -name "rockpro64*"',
    'find /run/labcli/jails -type s',
    'ps -eo stat,args | grep -v "^Z" | grep -e "[g]anesha" -e "runsvdir -P /etc/[s]ervice" -e "[c]run "',
  ].join('; ');
  const traces = (await lab.inside('sh', '-c', script)).stdout.trim();
  const loops = await findForsakenLoops();
  return [traces, ...loops].filter(Boolean).join('\n');
}

/**
 * Loop devices of jails' disks that are mounted nowhere. They have no namespace, and the disks of another lab on the machine have the
 * same names: but those are mounted there, or will be in a moment.
 */
async function findForsakenLoops(): Promise<string[]> {
  let forsaken = listForsakenLoops();
  for (let round = 0; round < 5 && forsaken.length > 0; round++) {
    await sleep(200);
    const still = new Set(listForsakenLoops());
    forsaken = forsaken.filter(loop => still.has(loop));
  }
  return forsaken;
}

function listForsakenLoops(): string[] {
  const mounts = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(pid => readIfThere(`/proc/${pid}/mountinfo`))
    .join('');
  return readdirSync('/sys/block').flatMap(name => {
    const file = readIfThere(`/sys/block/${name}/loop/backing_file`).trim();
    const device = readIfThere(`/sys/block/${name}/dev`).trim();
    return file.includes('rockpro64') && !mounts.includes(` ${device} `) ? [`${name} ${file}`] : [];
  });
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
