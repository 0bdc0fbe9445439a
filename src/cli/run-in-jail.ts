import { randomUUID } from 'node:crypto';
import { constants } from 'node:os';
import type { Duplex, Readable, Writable } from 'node:stream';
import { Client, type ClientChannel, utils } from 'ssh2';

/** A key that opens one jail for one command: it is on no disk and in no argument, and is forgotten with the program. */
export interface RunKey {
  readonly privateKey: string;
  /** TYPE BASE64, as for `claim --key`. */
  readonly publicKey: string;
}

export function createRunKey(): RunKey {
  const { private: privateKey, public: publicKey } = utils.generateKeyPairSync('ed25519');
  return { privateKey, publicKey: publicKey.split(' ').slice(0, 2).join(' ') };
}

/** A connection to the jail's sshd over which commands run as its root. */
export interface JailSession {
  /** Gives the command's exit code; 128 and the signal's number if a signal ended it. Throws when the connection breaks. */
  run(command: string, streams: RunStreams): Promise<number>;
  /** Sends a signal, such as `INT`, to the command that runs, and to what it started. */
  signal(name: string): void;
  close(): void;
}

export interface RunStreams {
  /** Without it, the command's input is empty. */
  readonly stdin?: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/**
 * Opens a session over a connection that labd made to the jail itself: there is nobody in between whom a host key could
 * tell from the jail.
 */
export async function openJailSession(jail: Duplex, privateKey: string): Promise<JailSession> {
  const client = new Client();
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {});
  client.once('ready', resolve);
  client.once('error', error => {
    reject(brokenConnection(error));
    broken.reject(brokenConnection(error));
  });
  client.once('close', () => {
    reject(brokenConnection());
    broken.reject(brokenConnection());
  });
  // Each way ends by itself: a jail that says no more would be waited for without end.
  jail.once('end', () => jail.destroy());
  client.connect({ sock: jail, username: 'root', privateKey, readyTimeout: 20_000 });
  await ready;
  // sshd passes no signals on to commands of root (RFC 4254 section 6.9 leaves it free to): so the command says who it is.
  const pidFile = `/run/labcli-run-${randomUUID()}`;

  async function run(command: string, { stdin, stdout, stderr }: RunStreams): Promise<number> {
    const channel = await new Promise<ClientChannel>((done, fail) => {
      client.exec(`echo $$ >${pidFile}; ${command}`, (error, opened) => (error ? fail(error) : done(opened)));
    });
    channel.pipe(stdout, { end: false });
    channel.stderr.pipe(stderr, { end: false });
    if (stdin) stdin.pipe(channel);
    else channel.end();
    let status: number | undefined;
    channel.once('exit', (code: number | null, signal?: string) => {
      status = code ?? 128 + numberOf(signal);
    });
    try {
      await Promise.race([new Promise(ended => channel.once('close', ended)), broken.promise]);
      // A connection that breaks closes its channels too, and then nobody has said how the command ended.
      if (status === undefined) throw brokenConnection();
      return status;
    } finally {
      stdin?.unpipe(channel);
    }
  }

  return {
    run,
    signal(name) {
      // Each command that sshd starts leads a process group of its own.
      client.exec(`kill -s ${name} -- "-$(cat ${pidFile})"`, () => {});
    },
    close: () => client.end(),
  };
}

/** sshd names a signal that it has no name for as `SIG@openssh.com`: such a one is 128. */
function numberOf(signal: string | undefined): number {
  const name = `SIG${String(signal).replace(/^SIG|@.*$/g, '')}`;
  const numbers: Readonly<Record<string, number | undefined>> = constants.signals;
  return numbers[name] ?? 0;
}

function brokenConnection(cause?: unknown): Error {
  return new Error('the connection to the jail broke', { cause });
}
