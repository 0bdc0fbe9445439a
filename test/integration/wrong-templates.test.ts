import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type JaildHost, startJaildHost } from './jaild-host.ts';

/** What an admin who edits a template wrongly is told, and that the jails do not suffer from it. */
const root = join(import.meta.dirname, '../..');
const installed = '/opt/labcli/templates';
const labYaml = readFileSync(join(root, 'lab.yaml'), 'utf8');
const claim = { epoch: 1, user: 'alice', expiresAtMs: Date.UTC(2031, 4, 4) };

let host: JaildHost;
let templates: string;
beforeAll(async () => {
  host = await startJaildHost(labYaml);
  templates = mkdtempSync(join(tmpdir(), 'labcli-templates-'));
  reset();
  await host.inside('mount', '--bind', templates, installed);
});
afterAll(async () => {
  await host?.stop();
  rmSync(templates, { recursive: true, force: true });
});
afterEach(reset);

function reset(): void {
  cpSync(join(root, 'templates'), templates, { recursive: true });
}

/** Replaces text of a template, and gives the number of its line. */
function edit(name: string, from: string, to: string): number {
  const path = join(templates, name);
  const text = readFileSync(path, 'utf8');
  if (!text.includes(from)) throw new Error(`${name} has no ${from}`);
  writeFileSync(path, text.replace(from, to));
  return text.slice(0, text.indexOf(from)).split('\n').length;
}

const start = () => host.inside('timeout', '10', process.execPath, '/opt/labcli/lib/jaild.js');

describe('a wrong template is refused when jaild starts, with file and line:', () => {
  test.each([
    ['dnsmasq.conf', 'enable-tftp', 'enable-tfpt', 'bad option'],
    ['dnsmasq.conf', 'dhcp-authoritative', 'dhcp-option=option:nonsense,1', 'bad dhcp-option'],
    ['dnsmasq.conf', 'server={{this}}', 'server={{this}}#many', ''],
    ['dnsmasq.conf', '{{netmask}}', '{{netmusk}}', 'there is no value netmusk; did you mean netmask?'],
    [
      'dnsmasq.conf',
      '{{#each nameservers}}',
      '{{#eech nameservers}}',
      "this is not Handlebars: eech doesn't match each",
    ],
    ['nftables.conf', 'echo-request limit', 'echo-request limits', 'syntax error'],
    [
      'nftables.conf',
      '{{#unless isRouter6}}',
      '{{#unless isRouter7}}',
      'there is no value isRouter7; did you mean isRouter',
    ],
    ['jail-nftables.conf', 'iifname "board" oifname "eth0" masquerade', 'oifname "eth0" masquarade', 'syntax error'],
    ['sshd_config', 'UseDNS no', 'UseDNSS no', 'Bad configuration option: UseDNSS'],
    ['motd', '{{user}}', '{{usr}}', 'there is no value usr; did you mean user?'],
    ['ganesha.conf', '{{handle}}', '{{handel}}', 'there is no value handel; did you mean handle?'],
  ])('%s: %s made %s', async (name, from, to, sentence) => {
    const line = edit(name, from, to);
    const { code, stderr } = await start();
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${name}:${line}: ${sentence}`)]);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test("what only one class's board has is looked at, too", async () => {
    const line = edit('dnsmasq.conf', 'dhcp-boot=undionly.kpxe', 'dhcp-bute=undionly.kpxe');
    const lab = join(host.configDirectory, 'lab.yaml');
    const pc = ['classes:', '  - name: pc', '    architecture: amd64'].join('\n');
    writeFileSync(
      lab,
      labYaml
        .replace('classes:', pc)
        .replace(
          'class: rockpro64\n    labels: [ram=512m]\n    mac: 52:54:00:00:01:66',
          'class: pc\n    mac: 52:54:00:00:01:66',
        ),
    );
    const { code, stderr } = await start();
    writeFileSync(lab, labYaml);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`dnsmasq.conf:${line}: bad option`)]);
  });

  test('all mistakes are told at once', async () => {
    const line = edit('dnsmasq.conf', 'enable-tftp', 'enable-tfpt');
    const other = edit('sshd_config', 'UseDNS no', 'UseDNSS no');
    const { stderr } = await start();
    expect(stderr).toContain(`dnsmasq.conf:${line}:`);
    expect(stderr).toContain(`sshd_config:${other}:`);
  });
});

test('live reload takes a right template, and leaves the old ones in force for a wrong one', async () => {
  await host.startJaild();
  const reload = async (outcome: string) => {
    const before = host.log().length;
    await host.inside('sh', '-c', 'kill -HUP "$(pgrep -f lib/jaild.js | head -n 1)"');
    while (!host.log().slice(before).includes('SIGHUP')) await sleep(20);
    expect(host.log().slice(before)).toContain(outcome);
  };
  const readConfig = async (epoch: number) => {
    expect((await host.build('rockpro64-1', { ...claim, epoch })).events.at(-1)).toEqual({ event: 'done' });
    const { stdout } = await host.ssh('alice', '10.77.0.101', 'cat /etc/dnsmasq.conf');
    await host.remove('rockpro64-1', epoch);
    return stdout;
  };
  appendFileSync(join(templates, 'dnsmasq.conf'), '# first edit\n');
  // Read when they are loaded, and not when a jail is built.
  expect(await readConfig(1)).not.toContain('first edit');
  await reload('the templates are loaded anew');
  expect(await readConfig(2)).toContain('first edit');
  appendFileSync(join(templates, 'dnsmasq.conf'), 'no-such-option\n');
  const line = readFileSync(join(templates, 'dnsmasq.conf'), 'utf8').split('\n').length - 1;
  await reload(`dnsmasq.conf:${line}: bad option`);
  const config = await readConfig(3);
  expect(config).toContain('first edit');
  expect(config).not.toContain('no-such-option');
});
