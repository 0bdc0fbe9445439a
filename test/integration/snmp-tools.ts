import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** net-snmp's own programs: whether our agent is right is for others to say. */
export interface SnmpTools {
  /**
   * What `snmpget`, `snmpset`, … wrote, both streams, OIDs and enumerations as numbers. It blocks, so the agent must be in
   * another process.
   */
  (program: SnmpProgram, ...args: readonly string[]): string;
  close(): void;
}

export type SnmpProgram = 'snmpget' | 'snmpgetnext' | 'snmpbulkget' | 'snmpset' | 'snmpwalk' | 'snmpbulkwalk';

export type SnmpIdentity =
  | { readonly community: string }
  | { readonly user: string; readonly authPassword: string; readonly privPassword: string };

export function identityArguments(identity: SnmpIdentity): string[] {
  if ('community' in identity) return ['-v2c', '-c', identity.community];
  const { user, authPassword, privPassword } = identity;
  return ['-v3', '-l', 'authPriv', '-u', user, '-a', 'SHA-256', '-A', authPassword, '-x', 'AES', '-X', privPassword];
}

/** `enter`: a command line to run the programs in another namespace. */
export function prepareSnmpTools(identity: SnmpIdentity, target: string, enter: readonly string[] = []): SnmpTools {
  // They write down what they learn about engines; not on this machine.
  const directory = mkdtempSync(join(tmpdir(), 'labcli-snmp-'));
  const env = { ...process.env, SNMP_PERSISTENT_DIR: directory, SNMPCONFPATH: directory, MIBS: '' };
  const options = [...identityArguments(identity), '-Onet', '-t', '2', '-r', '1'];
  const ask = (program: SnmpProgram, ...args: readonly string[]) => {
    // Options of one program (-Cn, -Cr) go before the target.
    const own = args.filter(arg => arg.startsWith('-'));
    const rest = args.filter(arg => !arg.startsWith('-'));
    const [command = '', ...commandLine] = [...enter, program, ...options, ...own, target, ...rest];
    const { stdout, stderr } = spawnSync(command, commandLine, { encoding: 'utf8', env, timeout: 10_000 });
    return `${stdout}${stderr.replace(/^Created directory:.*\n/gm, '')}`.trim();
  };
  return Object.assign(ask, { close: () => rmSync(directory, { recursive: true, force: true }) });
}
