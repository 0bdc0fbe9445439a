import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/system/run.ts';
import { type Conversation, converse } from '../../src/vhost/conversation.ts';
import { findOnlyChild, killAndWait } from '../../src/vhost/init-process.ts';

/** An empty lab host in namespaces of its own, and a vlab with its cables plugged into it. */
export interface VlabHost {
  /** The command line that runs a program on the lab host. */
  onHost(...command: readonly string[]): readonly [string, ...string[]];
  /** The same in the network namespace of vlab. */
  inVlab(...command: readonly string[]): readonly [string, ...string[]];
  /** Starts vlab, and comes back when it is ready. */
  startVlab(): Promise<void>;
  stopVlab(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Names of the programs that run on the lab host, besides PID 1. */
  processes(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export const switchUser = { user: 'labcli', authPassword: 'swordfish-one', privPassword: 'swordfish-two' } as const;

const source = join(import.meta.dirname, '../..');
const pidFile = '/run/vlab.pid';

export async function startVlabHost(): Promise<VlabHost> {
  const directory = mkdtempSync(join(tmpdir(), 'labcli-vlab-'));
  await writeConfig(directory);
  const script = 'mount -t tmpfs tmpfs /run && ip link set lo up && exec sleep infinity';
  const flags = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--net', '--uts', '--ipc'];
  const launcher: ChildProcess = spawn('unshare', [...flags, 'sh', '-c', script], { stdio: 'ignore' });
  const init = await findOnlyChild(launcher.pid ?? 0);
  const onHost = (...command: readonly string[]): readonly [string, ...string[]] => [
    'nsenter',
    ...['--target', String(init.pid), '--mount', '--pid', '--net', '--uts', '--ipc', '--'],
    // Whoever kills nsenter means the program.
    ...['setpriv', '--pdeathsig', 'KILL', '--'],
    ...command,
  ];
  const runOnHost = (...command: readonly string[]) => {
    const [program, ...args] = onHost(...command);
    return run(program, args);
  };
  let vlab: Conversation | undefined;
  let vlabPid = '';
  await until(async () => readFileSync(`/proc/${init.pid}/comm`, 'utf8').trim() === 'sleep');

  return {
    onHost,
    inVlab: (...command) => onHost('nsenter', '--target', vlabPid, '--net', '--', ...command),
    async startVlab() {
      const program = [process.execPath, join(source, 'src/vlab.ts')];
      const options = [`--config=${directory}/lab.yaml`, `--secrets=${directory}/secrets.yaml`, '--host-pid=1'];
      const exec = `echo $$ >${pidFile}; exec unshare --net -- "$@"`;
      const [entry, ...args] = onHost('sh', '-c', exec, 'sh', ...program, ...options);
      vlab = converse(entry, args);
      await vlab.expect(/vlab: ready/, 20_000);
      vlabPid = (await runOnHost('cat', pidFile)).trim();
    },
    async stopVlab(signal) {
      await runOnHost('kill', `-${signal}`, vlabPid);
      await vlab?.end(10_000);
    },
    async processes() {
      const lines = (await runOnHost('ps', '-A', '-o', 'stat=,comm=')).trim().split('\n');
      // PID 1 is a plain program that does not collect the dead.
      const running = lines.filter(line => !line.startsWith('Z')).map(line => line.replace(/^\S+\s+/, ''));
      return running.filter(name => !['sleep', 'ps'].includes(name));
    },
    async close() {
      vlab?.kill();
      await killAndWait(init);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export async function until(isTrue: () => Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; !(await isTrue()); ) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${isTrue}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

/** The repository's own example, which is the virtual lab's, with keys for its users. */
async function writeConfig(directory: string): Promise<void> {
  cpSync(join(source, 'lab.yaml'), join(directory, 'lab.yaml'));
  mkdirSync(join(directory, 'keys'));
  for (const user of ['alice', 'bob']) {
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', user, '-f', join(directory, 'keys', user)]);
  }
  const { authPassword, privPassword } = switchUser;
  const secret = `poe1: { auth_password: ${authPassword}, priv_password: ${privPassword} }\n`;
  writeFileSync(join(directory, 'secrets.yaml'), secret, { mode: 0o600 });
}
