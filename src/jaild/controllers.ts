import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMounts } from './mounts.ts';

/** What a jail's use of the lab host can be limited in. */
export const controllers = ['memory', 'pids', 'cpu', 'io'] as const;
export type Controller = (typeof controllers)[number];

/**
 * Where the kernel has a controller: in the cgroup v2 tree, as on most hosts, or in a hierarchy of cgroup v1 of its own (`parent` is
 * jaild's folder in it). The kernel lets a controller be in one of them only.
 */
export type ControllerPlace = { readonly version: 2 } | { readonly version: 1; readonly parent: string };
export type ControllerPlaces = ReadonlyMap<Controller, ControllerPlace>;

/** Version 1's name for it, and the file that shows that the kernel was built with the limit in question. */
const version1: Readonly<Record<Controller, { readonly name: string; readonly file: string }>> = {
  memory: { name: 'memory', file: 'memory.limit_in_bytes' },
  pids: { name: 'pids', file: 'pids.max' },
  cpu: { name: 'cpu', file: 'cpu.cfs_quota_us' },
  io: { name: 'blkio', file: 'blkio.throttle.write_bps_device' },
};

/** Looks where this host has each controller; makes jaild's folder in hierarchies of version 1. */
export function findControllers(): ControllerPlaces {
  const list = '/sys/fs/cgroup/cgroup.controllers';
  const inVersion2 = existsSync(list) ? readFileSync(list, 'utf8').trim().split(' ') : [];
  const places = new Map<Controller, ControllerPlace>();
  for (const controller of controllers) {
    const parent = inVersion2.includes(controller) ? undefined : findVersion1(controller);
    if (inVersion2.includes(controller)) places.set(controller, { version: 2 });
    else if (parent !== undefined) places.set(controller, { version: 1, parent });
  }
  return places;
}

function findVersion1(controller: Controller): string | undefined {
  const { name, file } = version1[controller];
  for (const { fsType, mountPoint, options } of readMounts()) {
    if (fsType !== 'cgroup' || !options.includes(name)) continue;
    const parent = join(mountPoint, 'labcli');
    // Something else may be mounted over it; only version 1 has this file.
    if (!existsSync(join(mountPoint, 'tasks'))) continue;
    try {
      mkdirSync(parent, { recursive: true });
    } catch {
      // Mounted read-only, or for somebody else.
      continue;
    }
    if (existsSync(join(parent, file))) return parent;
  }
  return undefined;
}
