import type { JailSettings } from '../config/lab-config.ts';
import type { JailSpec } from './jail-layout.ts';

/** The first board of the virtual lab. */
export const exampleSpec: JailSpec = {
  trunk: { via: 'openvswitch', bridge: 'br-trunk' },
  boot: 'debian-nfs',
  base: '20310101T000000Z',
  board: {
    handle: 'rockpro64-1',
    class: 'rockpro64',
    architecture: 'arm64',
    labels: [],
    mac: '52:54:00:00:01:65',
    vlan: 101,
    poePort: { switch: 'poe1', port: 1 },
    serial: { path: '/dev/ttyUSB0', baudRate: 115_200 },
    uidBase: 1_885_536_256,
    network: {
      jailAddress: '10.77.0.101',
      gateway: '10.96.101.1',
      subnet: '10.96.101.0',
      prefixLength: 24,
      boardAddress: '10.96.101.100',
      ipv6: {
        jailAddress: 'fd5c:1ab0:1::101',
        gateway: 'fd5c:1ab0:1:101::1',
        subnet: 'fd5c:1ab0:1:101::',
        boardAddress: 'fd5c:1ab0:1:101::100',
      },
    },
  },
};

export const exampleSettings: JailSettings = {
  uplink: 'wan0',
  nameservers: ['192.0.2.53', '192.0.2.54'],
  deny: [],
  masquerade: [],
  nfsBytes: 2 * 1024 ** 3,
  rootBytes: 4 * 1024 ** 3,
  allowWithout: [],
  limits: { memoryBytes: 512 * 1024 ** 2, processes: 512, cpus: 1, ioBytesPerSecond: 100 * 1024 ** 2 },
};
