import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { broadcast, ethernet, icmp, routerAdvertisement, udp } from './frames.ts';
import { boardMac, forget, host, labYaml, type Place, runAt, send, shell, startLab, uplinkMac } from './walled-lab.ts';

/** The wall around a board: what it sends on its wire, and what others send there, goes nowhere else. */
describe('a board reaches nothing but its jail:', () => {
  beforeAll(() => startLab(labYaml), 30_000);
  afterAll(() => host?.stop());
  beforeEach(forget);

  /** Puts the second board on the first one's VLAN, as if its wire were not its own. */
  async function onOneWire(action: () => Promise<void>): Promise<void> {
    await host.inside('ovs-vsctl', '--timeout=10', 'set', 'port', 'tap2', 'tag=101');
    try {
      await action();
    } finally {
      await host.inside('ovs-vsctl', '--timeout=10', 'set', 'port', 'tap2', 'tag=102');
    }
  }

  test("a rogue DHCP server on one board's wire is not heard on another", async () => {
    const rogue = '--dhcp-range=10.66.0.10,10.66.0.20,1h --dhcp-authoritative --no-ping --interface=eth0 --port=0';
    await shell('board1', 'ip address add 10.66.0.1/24 dev eth0');
    await shell('board1', `/run/world-dns --conf-file=/dev/null --user=root ${rogue} --pid-file=/run/rogue.pid`);
    const client = join(import.meta.dirname, 'dhcp-client.ts');
    // Not the board's own MAC: its jail does not answer, and the rogue would be the only one.
    const ask = () => runAt('board2', process.execPath, client, '52:54:00:00:01:99');
    await shell('board2', 'ip route replace default dev eth0');
    expect((await ask()).stdout).toBe('null\n');
    await onOneWire(async () => expect(JSON.parse((await ask()).stdout)).toMatchObject({ server: '10.66.0.1' }));
    await shell('host', 'kill "$(cat /run/rogue.pid)"');
    await shell('board1', 'ip address del 10.66.0.1/24 dev eth0');
    await shell('board2', 'ip route replace default via 10.96.102.1');
  });

  test('a rogue router is not heard by another board, by a jail, or by the lab host', async () => {
    const advertise = (place: Place, networkInterface: string, from: string) =>
      send(
        place,
        networkInterface,
        ethernet(
          { from, to: '33:33:00:00:00:01' },
          icmp({ from: 'fe80::bad', to: 'ff02::1' }, 134, 0, routerAdvertisement('2001:db8:bad::'), {
            hopLimit: 255,
          }),
        ),
      );
    const believers = async () => {
      const places: readonly Place[] = ['jail1', 'jail2', 'board2', 'host'];
      const believes = await Promise.all(
        places.map(async place => /2001:db8:bad:|fe80::bad/.test(await shell(place, 'ip -6 address; ip -6 route'))),
      );
      return places.filter((_place, index) => believes[index]);
    };
    await advertise('board1', 'eth0', boardMac);
    await advertise('jail1', 'eth0', uplinkMac.from);
    await advertise('jail1', 'board', '02:00:00:00:00:66');
    await sleep(300);
    expect(await believers()).toEqual([]);
    await onOneWire(async () => {
      await advertise('board1', 'eth0', boardMac);
      await sleep(300);
      expect(await believers()).toEqual(['board2']);
    });
    // On its uplink, the lab host still listens to the world's routers, though it forwards for jails.
    await advertise('wan', 'eth0', '02:00:00:00:00:66');
    await sleep(300);
    expect(await believers()).toEqual(['board2', 'host']);
  });

  test('VLAN hopping fails: tags, double tags, priority tags', async () => {
    const [customer, service] = [0x8100, 0x88a8];
    const stacks = [
      [[customer, 102]],
      [[service, 102]],
      [
        [customer, 101],
        [customer, 102],
      ],
      [
        [customer, 0],
        [customer, 102],
      ],
      [
        [service, 101],
        [customer, 102],
      ],
      [
        [customer, 102],
        [customer, 101],
      ],
      [
        [customer, 1],
        [customer, 102],
      ],
    ] as const;
    const attackers = [
      { place: 'board1', networkInterface: 'eth0', mac: '02:00:00:00:00:77' },
      { place: 'jail1', networkInterface: 'board', mac: '02:00:00:00:00:78' },
    ] as const;
    const attack = async () => {
      for (const { place, networkInterface, mac } of attackers) {
        const content = udp({ from: '10.96.102.99', to: '255.255.255.255' }, 7600);
        const frames = stacks.map(tags => ethernet({ from: mac, to: broadcast }, content, tags));
        await send(place, networkInterface, ...frames);
      }
    };
    const watch = (place: Place, networkInterface: string) =>
      runAt(place, 'timeout', '1.5', 'tcpdump', '-n', '-e', '-l', '-i', networkInterface, 'ether[6:4] = 0x02000000');
    const seen = async () => {
      const captures = [watch('board2', 'eth0'), watch('jail2', 'board')];
      await sleep(700);
      await attack();
      return (await Promise.all(captures)).map(({ stdout }) => new Set(stdout.match(/02:00:00:00:00:7[78]/g)).size);
    };
    expect(await seen()).toEqual([0, 0]);
    // The same frames arrive when the attackers' ports are trunks.
    const setPorts = async (change: (port: string) => string) => {
      for (const port of ['tap1', 'lc101b']) {
        const { code, stderr } = await host.inside('ovs-vsctl', '--timeout=10', ...change(port).split(' '));
        expect([code, stderr]).toEqual([0, '']);
      }
    };
    await setPorts(port => `set port ${port} vlan_mode=trunk -- clear port ${port} tag`);
    expect(await seen()).toEqual([2, 2]);
    await setPorts(port => `set port ${port} vlan_mode=access tag=101`);
  });
});
