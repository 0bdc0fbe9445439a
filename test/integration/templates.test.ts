import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { renderClaimFiles } from '../../src/jaild/claim-files.ts';
import { exampleSettings, exampleSpec } from '../../src/jaild/example-spec.ts';
import { renderFirewall } from '../../src/jaild/firewall.ts';
import { createTemplates } from '../../src/jaild/template.ts';
import { run } from '../../src/system/run.ts';

/** What the templates render is checked by the programs that read it. */
const render = createTemplates(join(import.meta.dirname, '../../templates'));

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'labcli-templates-'));
  for (const { path, content, mode } of renderClaimFiles(exampleSpec, exampleSettings, render)) {
    mkdirSync(join(directory, dirname(path)), { recursive: true });
    writeFileSync(join(directory, path), content, { mode });
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('dnsmasq --test', async () => {
  await run('dnsmasq', ['--test', `--conf-file=${join(directory, 'etc/dnsmasq.conf')}`]);
  await expect(run('dnsmasq', ['--test', `--conf-file=${join(directory, 'etc/hostname')}`])).rejects.toThrow(
    /bad option/,
  );
});

test('sshd -t', async () => {
  // In a mount namespace of its own, for sshd wants its folder below /run, and there the agent with the host key.
  const check = `
    mount -t tmpfs none /run
    mkdir -p /run/sshd /run/host-key/agent
    ssh-keygen -q -t ed25519 -N '' -f /run/host-key/ssh_host_ed25519_key
    rm /run/host-key/ssh_host_ed25519_key
    exec ssh-agent -a /run/host-key/agent/socket /usr/sbin/sshd -t -f "$0"`;
  await run('unshare', ['--mount', 'sh', '-ec', check, join(directory, 'etc/ssh/sshd_config')]);
});

test.each([true, false])('nft -c, on a host that is a router: %s', async isRouter => {
  const input = renderFirewall(
    { ...exampleSettings, deny: ['10.0.0.0/8', 'fc00::/7'], masquerade: ['ipv4', 'ipv6'] },
    { isRouter, isRouter6: isRouter },
    render,
  );
  await run('unshare', ['--net', 'nft', '--check', '--file', '-'], { input });
});
