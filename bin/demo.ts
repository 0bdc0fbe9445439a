import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { LabError } from '../src/lab/error.ts';
import { run } from '../src/system/run.ts';
import { type Conversation, converse } from '../src/vhost/conversation.ts';
import { startVirtualHost, stopVirtualHost } from '../src/vhost/virtual-host.ts';

/**
 * demo.ts [--lab DIR]: starts the virtual lab in DIR (.lab/) and does the main job over ssh, as its first user would,
 * a line a step. demo.ts [--lab DIR] --down: ends the virtual lab and removes DIR.
 */
const { values } = parseArgs({ options: { lab: { type: 'string' }, down: { type: 'boolean', default: false } } });
const source = join(import.meta.dirname, '..');
const directory = resolve(values.lab ?? join(source, '.lab'));
const startMs = performance.now();

function report(text: string): void {
  process.stdout.write(`${((performance.now() - startMs) / 1000).toFixed(1).padStart(6)} s  ${text}\n`);
}

async function demonstrate(): Promise<void> {
  await stopVirtualHost(directory);
  report('starting the virtual lab: a lab host, a PoE switch, two boards (switched off)');
  const host = await startVirtualHost(directory, readFileSync(join(source, 'lab.yaml'), 'utf8'), ['alice', 'bob'], {
    source,
    jailBase: join(source, '.cache/jail-base'),
    bootFiles: join(source, '.cache/boot'),
  });
  const ssh = (destination: string, ...command: readonly string[]) =>
    run('ssh', ['-F', host.sshConfig, destination, ...command], { timeoutMs: 30_000 });
  let board: string | undefined;
  let console: Conversation | undefined;
  try {
    report('ssh labhost labcli claim rockpro64');
    const claim = JSON.parse(await ssh('labhost', 'labcli', 'claim', 'rockpro64', '--json')) as ClaimedHandle;
    board = claim.board;
    report(`  ${board} is alice's; its jail has the address ${claim.jailAddress}`);

    report(`ssh root@${board}`);
    report(`  a shell in the jail: ${(await ssh(board, 'echo $(id -un) on $(hostname)')).trim()}`);

    console = converse('ssh', ['-F', host.sshConfig, 'labhost', 'labcli', 'console', board]);
    report(`in the jail: labcli power on`);
    report(`  ${(await ssh(board, 'labcli', 'power', 'on')).trim()}`);
    report('ssh labhost labcli console');
    report(`  ${lastLine(await console.expect(/U-Boot \d[^\r\n]*[\r\n]/, 20_000))}`);
    report(`  ${lastLine(await console.expect(/DHCP client bound[^\r\n]*[\r\n]/, 20_000))}`);
    report(`  ${lastLine(await console.expect(/Starting kernel[^\r\n]*[\r\n]/, 20_000))}`);
    report(`  ${lastLine(await console.expect(/\S+ login: /, 30_000))}`);
    console.write('root\r');
    await console.expect(/# /, 10_000);
    console.write("grep ' / ' /proc/mounts\r");
    report(`  root file system: ${lastLine(await console.expect(/\S+ \/ nfs4?\b/, 10_000))}`);

    report('ssh labhost labcli release');
    report(`  ${lastLine(await ssh('labhost', 'labcli', 'release', board))}`);
    board = undefined;
  } finally {
    console?.kill();
    if (board) await ssh('labhost', 'labcli', 'release', board).catch(() => {});
  }
  const near = relative('.', host.sshConfig);
  const config = near.startsWith('..') ? host.sshConfig : near;
  const down = values.lab === undefined ? 'npm run demo -- --down' : `node bin/demo.ts --lab ${values.lab} --down`;
  process.stdout.write(
    [
      '',
      'The virtual lab is running. To look around:',
      `  ssh -F ${config} labhost labcli status`,
      `  ssh -F ${config} labhost labcli claim rockpro64`,
      `  ssh -F ${config} root@rockpro64-1`,
      `  ssh -t -F ${config} labhost labcli console`,
      'To end it and leave nothing behind:',
      `  ${down}`,
      '',
    ].join('\n'),
  );
}

interface ClaimedHandle {
  readonly board: string;
  readonly jailAddress: string;
}

function lastLine(text: string): string {
  const line =
    text
      .trimEnd()
      .split(/[\r\n]+/)
      .at(-1) ?? '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a serial line carries terminal control sequences
  return line.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '').trim();
}

try {
  await (values.down ? stopVirtualHost(directory) : demonstrate());
} catch (error) {
  if (!(error instanceof LabError)) throw error;
  process.stderr.write(`labcli demo: ${error.message}\n${error.hint ? `  ${error.hint}\n` : ''}`);
  process.exitCode = 1;
}
