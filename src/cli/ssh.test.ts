import { PassThrough } from 'node:stream';
import type { LabClient } from '../api/client.ts';
import type { BoardSummary } from '../api/messages.ts';
import { run as runLabcli } from './cli-under-test.ts';

const knownHosts = {
  handles: ['rockpro64-1', 'pc-1'],
  addressPatterns: ['10.77.*'],
  authority: 'ssh-ed25519 AAAA labcli-lab',
};
const authorityLine = '@cert-authority rockpro64-1,pc-1,10.77.* ssh-ed25519 AAAA labcli-lab';

const run = (words: readonly string[], answers: Partial<LabClient> = {}) =>
  runLabcli(words, { call: async () => knownHosts as never, ...answers });

test('known-hosts prints one line for all jails', async () => {
  expect(await run(['known-hosts'])).toMatchObject({ code: 0, stdout: `${authorityLine}\n` });
  expect(JSON.parse((await run(['known-hosts', '--json'])).stdout)).toEqual(knownHosts);
});

test('ssh-config prints proxy, user and the authority for every jail, and takes how the lab host is reached', async () => {
  const { stdout } = await run(['ssh-config']);
  for (const line of [
    'Host rockpro64-1 pc-1 10.77.*',
    '  User root',
    `  KnownHostsCommand /bin/echo ${authorityLine}`,
    '  StrictHostKeyChecking yes',
    'Host rockpro64-1 pc-1',
    '  ProxyCommand ssh labhost labcli proxy %n',
  ]) {
    expect(stdout.split('\n')).toContain(line);
  }
  const other = await run(['ssh-config', '--via', 'ssh -p 2222 lab@example.org']);
  expect(other.stdout).toContain('\n  ProxyCommand ssh -p 2222 lab@example.org labcli proxy %n\n');
  expect(await run(['ssh-config', '--via', 'ssh x\nProxyCommand evil'])).toMatchObject({ code: 2, stdout: '' });
});

const held: BoardSummary = {
  handle: 'rockpro64-1',
  class: 'rockpro64',
  state: 'claimed',
  user: 'alice',
  power: 'on',
  jailAddress: '10.77.0.101',
  vlan: 101,
  labels: [],
  bars: [],
};
const { user: _user, ...free } = held;

test.each<[what: string, board: BoardSummary, code: number, reason: RegExp]>([
  ['sshd closes says nothing', held, 0, /^$/],
  ['a release ends says so', { ...held, operation: 'release' }, 4, /is being released/],
  ['a reinit ends says so', { ...held, operation: 'reinit' }, 5, /reinit/],
  ['the end of the claim ends says so', free, 4, /the claim has ended/],
])('a proxy that %s', async (_what, board, code, reason) => {
  const openProxy = async () => {
    const jail = new PassThrough();
    setTimeout(() => jail.destroy(), 5);
    return jail;
  };
  const outcome = await run(['proxy', 'rockpro64-1'], { openProxy, listBoards: async () => ({ boards: [board] }) });
  expect([outcome.code, outcome.stdout]).toEqual([code, '']);
  expect(outcome.stderr).toMatch(reason);
});
