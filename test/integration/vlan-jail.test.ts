import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/system/run.ts';
import { makeKeys } from '../../src/vhost/client-config.ts';
import { editLab } from '../e2e/many-boards.ts';
import { bundleProgram } from './bundle-program.ts';
import { makeBootFiles } from './jaild-host.ts';
import { guestExchange, runInGuest } from './lab-guest.ts';
import { expectSuccess, readOutcomes, type TestOutcome } from './told-outcomes.ts';
import { version2Limits } from './version2-limits.contract.ts';
import { vlanJailContract } from './vlan-jail.contract.ts';

/** A whole jail with `trunk: { via: vlan }`, in a guest whose kernel has 802.1Q, and all controllers in cgroup v2. */
const source = join(import.meta.dirname, '../..');

let jailRun: { readonly outcomes: readonly TestOutcome[]; readonly log: string };
beforeAll(async () => {
  const directory = mkdtempSync(join(tmpdir(), 'labcli-vlan-jail-'));
  const disk = join(directory, 'disk.img');
  try {
    mkdirSync(join(directory, 'boot/tftp'), { recursive: true });
    await Promise.all([
      makeConfig(join(directory, 'config')),
      makeBootFiles(join(directory, 'boot')),
      bundleProgram('run-vlan-jail', directory),
      bundleProgram('dhcp-client', directory),
      run('mkfs.ext4', ['-q', '-O', '^has_journal', '-d', join(source, '.cache/jail-base'), disk, '1G']),
    ]);
    copyFileSync(join(import.meta.dirname, 'find-traces.sh'), join(directory, 'find-traces.sh'));
    const script = join(import.meta.dirname, 'vlan-jail-host.sh');
    const log = await runInGuest({
      directory,
      command: ['sh', script, guestExchange, source, process.execPath],
      devices: ['-drive', `file=${disk},format=raw,if=virtio`],
      timeoutMs: 150_000,
    });
    jailRun = { outcomes: readOutcomes(join(directory, 'outcomes')), log };
  } finally {
    rmSync(directory, { recursive: true });
  }
}, 180_000);

async function makeConfig(directory: string): Promise<void> {
  await makeKeys(join(directory, 'keys'), ['alice', 'bob']);
  const labYaml = editLab(readFileSync(join(source, 'lab.yaml'), 'utf8'), [
    [['trunk'], { via: 'vlan', interface: 'trunk0' }],
    [['jails', 'limits'], version2Limits],
  ]);
  writeFileSync(join(directory, 'lab.yaml'), labYaml);
}

test.each(vlanJailContract)('$name', ({ name }) => expectSuccess(jailRun, name));
