import type { JailLimits } from '../config/lab-config.ts';
import { type BlockDevice, formatDevice } from './block-devices.ts';
import type { Controller } from './controllers.ts';
import type { OciResources } from './oci/oci-config.ts';

type Settings<Value> = Readonly<Record<Controller, (limits: JailLimits, disks: readonly BlockDevice[]) => Value>>;

/**
 * The longest that the kernel takes. What is short, such as a log-in or the start of a jail, is never made to wait, and a jail that
 * uses all it may leaves the cores to the others for most of each second, all of it at once.
 */
const cpuPeriodUs = 1_000_000;

/** What crun sets in cgroup v2, by controller. */
export const ociSettings: Settings<OciResources> = {
  // The runtime's `swap` is that of memory and swap together: none of it is swap.
  memory: ({ memoryBytes }) => ({ memory: { limit: memoryBytes, swap: memoryBytes } }),
  pids: ({ processes }) => ({ pids: { limit: processes } }),
  cpu: ({ cpus }) => ({ cpu: { quota: Math.round(cpus * cpuPeriodUs), period: cpuPeriodUs } }),
  io: ({ ioBytesPerSecond }, disks) => {
    const rates = disks.map(disk => ({ ...disk, rate: ioBytesPerSecond }));
    return { blockIO: { throttleReadBpsDevice: rates, throttleWriteBpsDevice: rates } };
  },
};

export interface Setting {
  readonly file: string;
  readonly value: string;
  /** Whether a kernel may have been built without this file. */
  readonly isOptional?: true;
}

/** What is written in a group of cgroup v1, in this order. */
export const version1Settings: Settings<readonly Setting[]> = {
  memory: ({ memoryBytes }) => [
    { file: 'memory.limit_in_bytes', value: `${memoryBytes}` },
    // Memory and swap together; never less than memory alone.
    { file: 'memory.memsw.limit_in_bytes', value: `${memoryBytes}`, isOptional: true },
  ],
  pids: ({ processes }) => [{ file: 'pids.max', value: `${processes}` }],
  cpu: ({ cpus }) => [
    { file: 'cpu.cfs_period_us', value: `${cpuPeriodUs}` },
    { file: 'cpu.cfs_quota_us', value: `${Math.round(cpus * cpuPeriodUs)}` },
  ],
  io: ({ ioBytesPerSecond }, disks) =>
    disks.flatMap(disk =>
      ['read', 'write'].map(way => ({
        file: `blkio.throttle.${way}_bps_device`,
        value: `${formatDevice(disk)} ${ioBytesPerSecond}`,
      })),
    ),
};
