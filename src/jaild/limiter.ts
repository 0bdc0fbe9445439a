import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JailLimits } from '../config/lab-config.ts';
import { LabError } from '../lab/error.ts';
import { paths } from '../system/paths.ts';
import { findDisk } from './block-devices.ts';
import type { ControllerPlaces } from './controllers.ts';
import { ociSettings, type Setting, version1Settings } from './limit-settings.ts';
import type { OciResources } from './oci/oci-config.ts';

/** Limits what containers use of the lab host: in cgroup v2 through crun, and by itself in the hierarchies of cgroup v1. */
export interface Limiter {
  /** Makes the container's groups of version 1. `diskMounts` are where its own file systems are mounted. */
  prepare(container: string, limits: JailLimits, diskMounts: readonly string[]): PreparedLimits;
  /** Whether there is a group of version 1 for the container. */
  hasGroups(container: string): boolean;
  /** Removes its groups of version 1, when their processes have ended. */
  removeGroups(container: string): Promise<void>;
}

export interface PreparedLimits {
  /** For the container's config.json. */
  readonly resources: OciResources;
  /** A process that writes 0 to each of these joins the groups. */
  readonly joinFiles: readonly string[];
}

export function createLimiter(places: ControllerPlaces): Limiter {
  const groupsOf = (container: string) =>
    [...places.values()].flatMap(place => (place.version === 1 ? [join(place.parent, container)] : []));

  return {
    prepare(container, limits, diskMounts) {
      const disks = [...diskMounts, paths.jaildState].map(findDisk).filter(disk => disk !== undefined);
      let resources: OciResources = {};
      for (const [controller, place] of places) {
        if (place.version === 2) {
          resources = { ...resources, ...ociSettings[controller](limits, disks) };
          continue;
        }
        const group = join(place.parent, container);
        mkdirSync(group, { recursive: true });
        for (const setting of version1Settings[controller](limits, disks)) applySetting(group, setting);
      }
      return { resources, joinFiles: groupsOf(container).map(group => join(group, 'cgroup.procs')) };
    },
    hasGroups: container => groupsOf(container).some(existsSync),
    removeGroups: async container => {
      await Promise.all(groupsOf(container).map(removeGroup));
    },
  };
}

function applySetting(group: string, { file, value, isOptional }: Setting): void {
  const path = join(group, file);
  if (isOptional && !existsSync(path)) return;
  writeFileSync(path, value);
}

async function removeGroup(group: string): Promise<void> {
  const deadline = performance.now() + 2000;
  while (existsSync(group)) {
    try {
      for (const entry of readdirSync(group, { withFileTypes: true })) {
        if (entry.isDirectory()) rmdirSync(join(group, entry.name));
      }
      rmdirSync(group);
    } catch (error) {
      // Killed processes leave a moment later.
      if (performance.now() > deadline) throw new LabError('device', `${group} is still in use`, { cause: error });
      await sleep(5);
    }
  }
}
