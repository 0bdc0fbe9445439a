import { exampleSettings } from './example-spec.ts';
import { ociSettings, version1Settings } from './limit-settings.ts';

const { limits } = exampleSettings;
const disks = [
  { major: 7, minor: 3 },
  { major: 254, minor: 0 },
];

test('crun is told all limits of cgroup v2, and gives no swap', () => {
  expect(ociSettings.memory(limits, disks)).toEqual({ memory: { limit: 536_870_912, swap: 536_870_912 } });
  expect(ociSettings.pids(limits, disks)).toEqual({ pids: { limit: 512 } });
  expect(ociSettings.cpu({ ...limits, cpus: 1.5 }, disks)).toEqual({ cpu: { quota: 1_500_000, period: 1_000_000 } });
  const rates = disks.map(disk => ({ ...disk, rate: 104_857_600 }));
  expect(ociSettings.io(limits, disks)).toEqual({
    blockIO: { throttleReadBpsDevice: rates, throttleWriteBpsDevice: rates },
  });
});

test('the same limits in the files of cgroup v1', () => {
  const lines = (['memory', 'pids', 'cpu', 'io'] as const).flatMap(controller =>
    version1Settings[controller](limits, disks).map(({ file, value }) => `${file} ${value}`),
  );
  expect(lines).toEqual([
    'memory.limit_in_bytes 536870912',
    'memory.memsw.limit_in_bytes 536870912',
    'pids.max 512',
    'cpu.cfs_period_us 1000000',
    'cpu.cfs_quota_us 1000000',
    'blkio.throttle.read_bps_device 7:3 104857600',
    'blkio.throttle.write_bps_device 7:3 104857600',
    'blkio.throttle.read_bps_device 254:0 104857600',
    'blkio.throttle.write_bps_device 254:0 104857600',
  ]);
});
