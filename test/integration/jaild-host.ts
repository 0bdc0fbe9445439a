import { type ChildProcess, type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostAuthorityKey, JailEvent, JailList, JailRequest } from '../../src/api/jail-messages.ts';
import { run } from '../../src/system/run.ts';
import { createCgroup, removeCgroup } from '../../src/vhost/cgroup.ts';
import { makeKeys } from '../../src/vhost/client-config.ts';
import { findOnlyChild, identifyProcess, isRunning, killAndWait } from '../../src/vhost/init-process.ts';
import { spawnInNamespaces } from '../../src/vhost/namespaces.ts';
import { type Answer, callJaild } from './jaild-call.ts';

const source = join(import.meta.dirname, '../..');

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A lab host with jaild alone; who calls jaild is the test. */
export interface JaildHost {
  /** Where lab.yaml and its keys are. */
  readonly configDirectory: string;
  /** The command line that runs a program on the lab host. */
  enter(...command: readonly string[]): readonly string[];
  /** That of createCgroup(). */
  readonly cgroup: string;
  /** Runs a program on the lab host; never throws for an exit code. */
  inside(...command: readonly string[]): Promise<Outcome>;
  /** Runs a program where a board, or the rest of the world, is on the network. */
  at(place: 'board1' | 'board2' | 'wan', ...command: readonly string[]): Promise<Outcome>;
  /** Starts a program there, which is talked to over its standard streams. */
  startAt(place: 'board1' | 'board2' | 'wan', ...command: readonly string[]): ChildProcessWithoutNullStreams;
  /** Has jaild export what `text`, an /etc/exports, says. */
  applyExports(board: string, epoch: number, text: string): Promise<Answer>;
  /** Trusts the host keys that the lab host's certificate authority vouches for, and no others. */
  ssh(user: string, address: string, command: string): Promise<Outcome>;
  /** Where the users' keys are: `keys/alice`. */
  readonly directory: string;
  /** The certificate authority's line, as in a .pub file. */
  readAuthority(): Promise<string>;
  /** Comes back when jaild answers; throws with what it wrote when it ends instead. */
  startJaild(): Promise<void>;
  /** Gives jaild another lab.yaml. */
  reload(labYaml: string): Promise<Answer>;
  /** SIGKILL, and waits for its end. */
  killJaild(): Promise<void>;
  /** What jaild wrote since the host began. */
  log(): string;
  build(board: string, body: Partial<JailRequest>, onEvent?: (event: JailEvent) => void): Promise<Answer>;
  renew(board: string, request: JailRequest): Promise<Answer>;
  remove(board: string, epoch: number, onEvent?: (event: JailEvent) => void): Promise<Answer>;
  /** Asks for a jail and hangs up when it hears of the first step. */
  buildAndLeave(board: string, body: JailRequest): Promise<void>;
  inspect(): Promise<JailList>;
  /** Everything on the host that belongs to a jail, a line each. */
  findTraces(): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startJaildHost(labYaml: string): Promise<JaildHost> {
  const directory = mkdtempSync(join(tmpdir(), 'labcli-jaild-'));
  const configDirectory = join(directory, 'config');
  const users = ['alice', 'bob'];
  await makeKeys(join(directory, 'keys'), users);
  for (const folder of ['config/keys', 'state', 'boot/debian-nfs/tftp']) {
    mkdirSync(join(directory, folder), { recursive: true });
  }
  for (const user of users) {
    const key = readFileSync(join(directory, 'keys', `${user}.pub`));
    writeFileSync(join(configDirectory, 'keys', `${user}.pub`), key);
  }
  writeFileSync(join(configDirectory, 'lab.yaml'), labYaml);
  await makeBootFiles(join(directory, 'boot/debian-nfs'));

  const cgroup = createCgroup(basename(directory));
  const script = join(source, 'test/integration/jaild-host-init.sh');
  const launcher = spawnInNamespaces(cgroup, script, [directory, source]);
  const init = await findOnlyChild(launcher.pid ?? 0);
  const outside = (path: string) => `/proc/${init.pid}/root${path}`;
  while (!existsSync(outside('/run/ready'))) {
    if (!isRunning(init)) throw new Error(readFileSync(join(directory, 'init.log'), 'utf8').slice(-2000));
    await sleep(10);
  }
  const enter = ['--target', String(init.pid), '--all', '--'];
  const inside = (...command: readonly string[]) => execute('nsenter', [...enter, ...command]);
  const socketPath = outside('/run/labcli/jaild/jaild.sock');
  const logFile = join(directory, 'jaild.log');
  let jaild: ChildProcess | undefined;

  async function startJaild(): Promise<void> {
    jaild = spawn('nsenter', [...enter, process.execPath, '/opt/labcli/lib/jaild.js'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    });
    jaild.stderr?.on('data', chunk => writeFileSync(logFile, chunk, { flag: 'a' }));
    const { promise: exited, resolve } = Promise.withResolvers<number>();
    jaild.once('exit', code => resolve(code ?? 255));
    let code: number | undefined;
    void exited.then(value => {
      code = value;
    });
    while (
      !(await callJaild(socketPath, 'GET', '/v1/jails').then(
        () => true,
        () => false,
      ))
    ) {
      if (code !== undefined) throw new Error(`jaild ended with ${code}: ${readFileSync(logFile, 'utf8')}`);
      await sleep(20);
    }
  }

  async function killJaild(): Promise<void> {
    // nsenter stays as the parent: only a child can be in the pid namespace.
    const child = identifyProcess(Number(readFileSync(`/proc/${jaild?.pid}/task/${jaild?.pid}/children`, 'utf8')));
    if (child) await killAndWait(child);
  }

  async function readAuthority(): Promise<string> {
    const { events } = await callJaild(socketPath, 'GET', '/v1/host-authority');
    return (events[0] as unknown as HostAuthorityKey).publicKey;
  }

  return {
    configDirectory,
    enter: (...command) => ['nsenter', ...enter, ...command],
    cgroup,
    inside,
    at: (place, ...command) => inside('ip', 'netns', 'exec', place, ...command),
    directory,
    readAuthority,
    startAt: (place, ...command) => spawn('nsenter', [...enter, 'ip', 'netns', 'exec', place, ...command]),
    applyExports: (board, epoch, text) => callJaild(socketPath, 'PUT', `/v1/jails/${board}/exports`, { epoch, text }),
    ssh: async (user, address, command) => {
      const key = join(directory, 'keys', user);
      const known = `KnownHostsCommand=/bin/echo @cert-authority * ${await readAuthority()}`;
      const options = ['StrictHostKeyChecking=yes', known, 'LogLevel=ERROR', 'BatchMode=yes'];
      const proxy = `ProxyCommand=nsenter --target ${init.pid} --net socat STDIO TCP:%h:%p`;
      const args = [...options, 'IdentitiesOnly=yes', 'IdentityAgent=none', proxy].flatMap(option => ['-o', option]);
      return execute('ssh', ['-F', 'none', '-i', key, ...args, `root@${address}`, command]);
    },
    startJaild,
    reload(text) {
      writeFileSync(join(configDirectory, 'lab.yaml'), text);
      return callJaild(socketPath, 'POST', '/v1/reload', {});
    },
    killJaild,
    log: () => readFileSync(logFile, 'utf8'),
    renew: (board, body) => callJaild(socketPath, 'POST', `/v1/jails/${board}/renew`, body),
    build: (board, body, onEvent) => callJaild(socketPath, 'PUT', `/v1/jails/${board}`, body, onEvent),
    remove: (board, epoch, onEvent) =>
      callJaild(socketPath, 'DELETE', `/v1/jails/${board}?epoch=${epoch}`, undefined, onEvent),
    buildAndLeave: (board, body) =>
      new Promise((resolve, reject) => {
        const headers = { 'content-type': 'application/json' };
        const outgoing = request({ socketPath, method: 'PUT', path: `/v1/jails/${board}`, headers }, response => {
          response.once('data', () => {
            outgoing.destroy();
            resolve();
          });
          response.on('error', () => {});
        });
        outgoing.once('error', reject);
        outgoing.end(JSON.stringify(body));
      }),
    async inspect() {
      const { events } = await callJaild(socketPath, 'GET', '/v1/jails');
      return events[0] as unknown as JailList;
    },
    async findTraces() {
      const { stdout } = await inside('sh', join(source, 'test/integration/find-traces.sh'));
      return stdout.split('\n').filter(Boolean);
    },
    async stop() {
      await killJaild().catch(() => {});
      await killAndWait(init);
      await removeCgroup(cgroup);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A boot script, and a root file system of a few files, in place of the real ones. */
export async function makeBootFiles(directory: string): Promise<void> {
  writeFileSync(join(directory, 'tftp/boot.scr.uimg'), 'boot script\n');
  const root = join(directory, 'content/root/etc');
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, 'issue'), "the board's root\n");
  const image = join(directory, 'nfs.img');
  await run('mkfs.ext4', ['-q', '-F', '-J', 'size=4', '-d', join(directory, 'content'), image, '256M']);
}

function execute(program: string, args: readonly string[]): Promise<Outcome> {
  return new Promise(resolve => {
    execFile(program, args, { timeout: 20_000, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 255;
      resolve({ code, stdout, stderr });
    }).stdin?.end();
  });
}
