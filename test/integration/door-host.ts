import { execFile, spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeKeys } from '../../src/vhost/client-config.ts';
import { findOnlyChild, isRunning, killAndWait, type ProcessIdentity } from '../../src/vhost/init-process.ts';

const source = join(import.meta.dirname, '../..');

export interface Call {
  readonly method: string;
  readonly url: string;
  readonly user: string;
  readonly body: string;
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A lab host with sshd and labcli; where labd would be, the test listens. */
export interface DoorHost {
  readonly directory: string;
  readonly sshConfig: string;
  /** What came through the door since the last `forget`. */
  calls(): readonly Call[];
  forget(): void;
  /** What to answer from now on. */
  answer(handler: (call: Call, response: ServerResponse) => void): void;
  /** `ssh` with these arguments, before which only `-F` is put. */
  ssh(...args: readonly string[]): Promise<Outcome>;
  run(program: string, ...args: readonly string[]): Promise<Outcome>;
  /** Environments of all running labcli processes. */
  environments(): string[][];
  stop(): Promise<void>;
}

/** Starts the host in namespaces of its own. `users` have keys that it knows; `mallory` has one that it does not. */
export async function startDoorHost(users: readonly string[]): Promise<DoorHost> {
  const directory = mkdtempSync(join(tmpdir(), 'labcli-door-'));
  const keys = join(directory, 'keys');
  await makeKeys(keys, [...users, 'mallory']);
  const publicKey = (user: string) =>
    readFileSync(join(keys, `${user}.pub`), 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ');
  writeFileSync(join(directory, 'authorized_keys'), users.map(user => `${publicKey(user)} ${user}\n`).join(''));
  for (const part of ['bin', 'templates'])
    cpSync(join(source, 'dist', part), join(directory, 'dist', part), { recursive: true });

  const launcher = spawn(
    'unshare',
    [
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      '--net',
      '--uts',
      '--ipc',
      '--',
      '/bin/sh',
      join(source, 'test/integration/door-host.sh'),
      directory,
      process.execPath,
    ],
    { stdio: 'ignore' },
  );
  const init = await findOnlyChild(launcher.pid ?? 0);
  const outside = (path: string) => `/proc/${init.pid}/root${path}`;
  await waitFor(() => existsSync(outside('/run/sshd.pid')), init, directory);

  let calls: Call[] = [];
  let handler: Parameters<DoorHost['answer']>[0] = (_call, response) => response.end('{}');
  const server = createServer(async (request, response) => {
    const call = { ...describe(request), body: await readBody(request) };
    calls.push(call);
    handler(call, response);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    calls.push({ ...describe(request), body: '' });
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: labcli-console\r\n\r\nhello\r\n');
    socket.on('data', bytes => socket.write(String(bytes).toUpperCase()));
    socket.on('end', () => socket.end());
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>(resolve => server.listen(outside('/run/labcli/host/labd.sock'), resolve));
  chmodSync(outside('/run/labcli/host/labd.sock'), 0o660);

  const sshConfig = writeSshConfig(directory, init.pid, users);
  const run = (program: string, ...args: readonly string[]) => execute(program, args);
  return {
    directory,
    sshConfig,
    calls: () => calls,
    forget: () => {
      calls = [];
    },
    answer: next => {
      handler = next;
    },
    ssh: (...args) => run('ssh', '-F', sshConfig, ...args),
    run,
    environments: () => childrenOf(init.pid).filter(isLabcli).map(readEnvironment),
    stop: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
      await killAndWait(init);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function describe(request: IncomingMessage): Omit<Call, 'body'> {
  return { method: request.method ?? '', url: request.url ?? '', user: String(request.headers['labcli-user']) };
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}

function writeSshConfig(directory: string, pid: number, users: readonly string[]): string {
  const door = (user: string) => [`Host ${user}`, `  IdentityFile ${join(directory, 'keys', user)}`];
  const lines = [
    ...[...users, 'mallory'].flatMap(door),
    'Host *',
    '  HostName 127.0.0.1',
    '  User lab',
    '  IdentitiesOnly yes',
    '  IdentityAgent none',
    '  UserKnownHostsFile /dev/null',
    '  StrictHostKeyChecking no',
    '  LogLevel ERROR',
    `  ProxyCommand nsenter --target ${pid} --net socat STDIO TCP:%h:%p`,
  ];
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'ssh_config');
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

async function waitFor(isThere: () => boolean, init: ProcessIdentity, directory: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!isThere()) {
    if (!isRunning(init) || performance.now() > deadline) {
      throw new Error(`the door did not open:\n${readFileSync(join(directory, 'door.log'), 'utf8')}`);
    }
    await sleep(10);
  }
}

function childrenOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    return children.flatMap(child => [child, ...childrenOf(child)]);
  } catch {
    return [];
  }
}

function isLabcli(pid: number): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('/opt/labcli/bin/labcli\0');
}

function readEnvironment(pid: number): string[] {
  return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
}

function execute(program: string, args: readonly string[]): Promise<Outcome> {
  return new Promise(resolve => {
    const options = { timeout: 30_000, killSignal: 'SIGKILL' as const, maxBuffer: 4 << 20 };
    execFile(program, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 255;
      resolve({ code, stdout, stderr });
    }).stdin?.end();
  });
}
