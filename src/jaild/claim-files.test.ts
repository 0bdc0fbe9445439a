import { join } from 'node:path';
import { formatNetmask, renderClaimFiles } from './claim-files.ts';
import { exampleSettings, exampleSpec } from './example-spec.ts';
import { createTemplates } from './template.ts';

const render = createTemplates(join(import.meta.dirname, '../../templates'));
const files = renderClaimFiles(exampleSpec, exampleSettings, render);

function read(path: string): string {
  return files.find(file => file.path === path)?.content ?? '';
}

test('the board is offered its own address, boot file and root', () => {
  for (const line of [
    'interface=board',
    'dhcp-range=10.96.101.0,static,255.255.255.0,12h',
    'dhcp-host=52:54:00:00:01:65,10.96.101.100,rockpro64-1',
    'dhcp-option=option:root-path,10.96.101.1:/nfs/root',
    'dhcp-boot=tag:uboot,tag:!ipxe,boot.scr.uimg,,10.96.101.1',
    'server=192.0.2.53',
    'server=192.0.2.54',
  ]) {
    expect(read('etc/dnsmasq.conf').split('\n')).toContain(line);
  }
  expect(read('etc/resolv.conf')).toBe('nameserver 192.0.2.53\nnameserver 192.0.2.54\n');
});

test('a value that a template names must be there', () => {
  expect(() => render('motd', { handle: 'rockpro64-1' })).toThrow(/^motd:\d+: there is no value user$/);
});

test.each([
  [8, '255.0.0.0'],
  [24, '255.255.255.0'],
  [30, '255.255.255.252'],
  [32, '255.255.255.255'],
])('/%d is %s', (length, netmask) => {
  expect(formatNetmask(length)).toBe(netmask);
});
