import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Client, type ClientChannel } from 'ssh2';
import type { BoardList } from '../../src/api/messages.ts';
import { type LabUnderTest, startLab } from './lab-under-test.ts';

/** OpenSSH's client keeps to rules that another need not: the same door, knocked at by another implementation. */
let lab: LabUnderTest;
let client: Client;
let tunnel: ReturnType<typeof spawn>;
beforeAll(async () => {
  lab = await startLab();
  tunnel = spawn('nsenter', ['--target', String(lab.host.pid), '--net', 'socat', 'STDIO', 'TCP:198.51.100.2:22'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  client = new Client();
  client.connect({
    sock: Duplex.from({ readable: tunnel.stdout, writable: tunnel.stdin }),
    username: 'lab',
    privateKey: readFileSync(`${lab.host.directory}/keys/alice`),
  });
  await once(client, 'ready');
});
afterAll(async () => {
  client?.end();
  tunnel?.kill();
  await lab?.stop();
});

async function execute(command: string) {
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    client.exec(command, (error, opened) => (error ? reject(error) : resolve(opened)));
  });
  const exit = once(channel, 'exit');
  const output = text(channel);
  return { output: await output, code: (await exit)[0] as number };
}

test('one connection carries many commands, each with its own exit code', async () => {
  const answers = await Promise.all([execute('labcli status --json'), execute('labcli release'), execute('status')]);
  expect(answers.map(({ code }) => code)).toEqual([0, 3, 0]);
  expect((JSON.parse(answers[0]?.output ?? '') as BoardList).boards).toHaveLength(2);
});

test.each(['sh', '$(id)', 'labcli status; id', 'labcli claim rockpro64 --user=bob'])(
  '%s runs nothing',
  async command => {
    const { output, code } = await execute(command);
    expect({ code, output }).toEqual({ code: 2, output: '' });
  },
);

test('no forwarding, no file transfer, and no environment', async () => {
  const refusals = await Promise.allSettled([
    new Promise((resolve, reject) => client.forwardOut('', 0, '127.0.0.1', 22, (e, s) => (e ? reject(e) : resolve(s)))),
    new Promise((resolve, reject) => client.forwardIn('127.0.0.1', 0, (e, port) => (e ? reject(e) : resolve(port)))),
    new Promise((resolve, reject) => client.sftp((e, sftp) => (e ? reject(e) : resolve(sftp)))),
    new Promise((resolve, reject) =>
      client.openssh_forwardOutStreamLocal('/run/labcli/host/labd.sock', (e, s) => (e ? reject(e) : resolve(s))),
    ),
  ]);
  expect(refusals.map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
});
