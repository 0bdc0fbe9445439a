import { run } from '../../src/system/run.ts';
import { type Conversation, converse } from '../../src/vhost/conversation.ts';
import { prepareSnmpTools, type SnmpTools } from './snmp-tools.ts';
import { startVlabHost, switchUser, until, type VlabHost } from './vlab-host.ts';

const serialPath = '/run/vlab/tty/rockpro64-1';
const powerOf = (port: number) => `1.3.6.1.2.1.105.1.1.1.3.1.${port}`;
const detectionOf = (port: number) => `1.3.6.1.2.1.105.1.1.1.6.1.${port}`;
const pvidOf = (port: number) => `1.3.6.1.2.1.17.7.1.4.5.1.1.${port}`;

/** A multicast Ethernet frame that carries `text`. All its bytes are ASCII, so that it passes through text streams. */
function multicast(text: string): Buffer {
  const header = Buffer.from('0102030405060200000000010666', 'hex');
  return Buffer.concat([header, Buffer.from(text.padEnd(60, '.'))]);
}

/** The same with an 802.1Q tag. */
function tagged(vlan: number, frame: Buffer): Buffer {
  return Buffer.concat([frame.subarray(0, 12), Buffer.from([0x81, 0, vlan >> 8, vlan & 0xff]), frame.subarray(12)]);
}

describe('the virtual lab', () => {
  let host: VlabHost;
  let snmp: SnmpTools;
  const conversations: Conversation[] = [];
  const talk = (command: readonly [string, ...string[]]) => {
    const [program, ...args] = command;
    const conversation = converse(program, args);
    conversations.push(conversation);
    return conversation;
  };
  const runIn = (command: readonly [string, ...string[]], input?: Buffer) => {
    const [program, ...args] = command;
    return run(program, args, input ? { input } : {});
  };
  const openSerial = () => talk(host.onHost('socat', '-', `OPEN:${serialPath},raw,echo=0`));
  const detection = (port: number) => snmp('snmpget', '-Oqv', detectionOf(port));

  beforeAll(async () => {
    host = await startVlabHost();
    await host.startVlab();
    snmp = prepareSnmpTools(switchUser, '192.0.2.10', host.onHost());
  });
  afterEach(() => {
    for (const conversation of conversations.splice(0)) conversation.kill();
  });
  afterAll(async () => {
    snmp.close();
    await host.close();
  });

  test('a board starts U-Boot when its port gives power, asks for an address in its VLAN, and can do so again', async () => {
    const trunk = talk(
      host.onHost('tcpdump', '-l', '-e', '-n', '-i', 'trunk0', 'udp port 67 or (vlan and udp port 67)'),
    );
    await trunk.expect(/listening on/, 5000);
    const serial = openSerial();
    for (const _cycle of ['first', 'second']) {
      expect(snmp('snmpset', powerOf(1), 'i', '1')).not.toContain('Error');
      await serial.expect(/U-Boot 20\d\d/, 20_000);
      await serial.expect(/BOOTP broadcast/, 20_000);
      await trunk.expect(/52:54:00:00:01:65 > ff:ff:ff:ff:ff:ff, ethertype 802\.1Q.* vlan 101,.*DHCP/, 20_000);
      expect(detection(1)).toBe('3');
      snmp('snmpset', powerOf(1), 'i', '2');
      expect(detection(1)).toBe('1');
      // Nobody waits before power comes back.
    }
    await until(async () => !(await host.processes()).some(name => name.startsWith('qemu')));
  });

  test('the serial line can be left and opened again while the board runs, and by nobody for a while', async () => {
    snmp('snmpset', powerOf(1), 'i', '1');
    const first = openSerial();
    await first.expect(/U-Boot 20\d\d/, 20_000);
    await first.end(5000);
    await new Promise(resolve => setTimeout(resolve, 500));
    const second = openSerial();
    second.write('\x03\r');
    await second.expect(/=> /, 20_000);
    second.write('echo $ethaddr\r');
    await second.expect(/\n52:54:00:00:01:65/, 10_000);
    snmp('snmpset', powerOf(1), 'i', '2');
  });

  test('a board that stops by itself is a fault until it is powered off', async () => {
    snmp('snmpset', powerOf(1), 'i', '1');
    await until(async () => (await host.processes()).some(name => name.startsWith('qemu')));
    const pid = (await runIn(host.onHost('pgrep', '-x', 'qemu-system-aar'))).trim();
    await runIn(host.onHost('kill', '-KILL', pid));
    await until(async () => detection(1) === '4');
    expect(snmp('snmpget', '-Oqv', powerOf(1))).toBe('1');
    snmp('snmpset', powerOf(1), 'i', '2');
    expect(detection(1)).toBe('1');
  });

  test('frames stay in their VLAN, and are tagged on the trunk', async () => {
    const plugIn = (port: number) => talk(host.inVlab('socat', `TUN,tun-name=port${port},tun-type=tap,iff-no-pi`, '-'));
    const [first, second] = [plugIn(1), plugIn(2)];
    const trunk = talk(host.onHost('tcpdump', '-l', '-e', '-n', '-A', '-i', 'trunk0'));
    await trunk.expect(/listening on/, 5000);
    const send = (wire: Conversation, text: string) => wire.write(multicast(text).toString('latin1'));
    const sendTagged = (vlan: number, text: string) =>
      runIn(host.onHost('socat', '-u', 'STDIN', 'INTERFACE:trunk0'), tagged(vlan, multicast(text)));

    /** The tags of the frames on the trunk that carried the text. */
    const tagsOf = (text: string) => {
      const frames = trunk.transcript().split(/^(?=\d\d:\d\d:\d\d)/m);
      const tags = frames.filter(frame => frame.includes(text)).map(frame => /802\.1Q .*vlan (\d+)/.exec(frame)?.[1]);
      return [...new Set(tags)];
    };

    // A socat that has just started may not have opened its tap yet.
    await until(async () => {
      send(first, 'one is there');
      send(second, 'two is there');
      return tagsOf('one is there').length > 0 && tagsOf('two is there').length > 0;
    });
    expect([tagsOf('one is there'), tagsOf('two is there')]).toEqual([['101'], ['102']]);
    await sendTagged(101, 'to one');
    await sendTagged(102, 'to two');
    await first.expect(/to one/, 5000);
    await second.expect(/to two/, 5000);
    expect(first.transcript()).not.toMatch(/two/);
    expect(second.transcript()).not.toMatch(/one/);

    // Were they not apart, it would be seen: in the same VLAN they hear each other.
    expect(snmp('snmpset', pvidOf(2), 'u', '101')).not.toContain('Error');
    send(first, 'now together');
    await second.expect(/now together/, 5000);
    expect(snmp('snmpset', pvidOf(2), 'u', '102')).not.toContain('Error');
    send(first, 'apart again');
    await sendTagged(102, 'the last to two');
    await second.expect(/the last to two/, 5000);
    expect(second.transcript()).not.toMatch(/apart again/);
  });

  test('when vlab is killed nothing of it goes on, and it can be started again', async () => {
    snmp('snmpset', powerOf(1), 'i', '1');
    await until(async () => (await host.processes()).some(name => name.startsWith('qemu')));
    await host.stopVlab('SIGKILL');
    await until(async () => (await host.processes()).length === 0);
    await host.startVlab();
    expect(snmp('snmpget', '-Oqv', powerOf(1))).toBe('2');
    const serial = openSerial();
    snmp('snmpset', powerOf(1), 'i', '1');
    await serial.expect(/U-Boot 20\d\d/, 20_000);
  });

  test('it ends without leaving a process, an interface or a serial line', async () => {
    await host.stopVlab('SIGTERM');
    await until(async () => (await host.processes()).length === 0);
    await until(async () => !/trunk0|mgmt0/.test(await runIn(host.onHost('ip', '-o', 'link'))));
    expect(await runIn(host.onHost('find', '/run/vlab/tty'))).toBe('/run/vlab/tty\n');
  });
});
