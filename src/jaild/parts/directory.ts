import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../../lab/error.ts';
import type { JailLayout, JailSpec } from '../jail-layout.ts';
import { readRecord, writeRecord } from '../jail-record.ts';
import { mountsBelow } from '../mounts.ts';
import { absent, broken, type Part, present } from '../part.ts';

/** The jail's folder: its mount points, its disks' images, and the record of its claim, which is written last. */
export function createDirectory(spec: JailSpec, layout: JailLayout): Part {
  const { handle } = spec.board;

  async function inspect() {
    if (!existsSync(layout.directory)) return absent;
    return readRecord(handle) ? present : broken('it has no record of its claim');
  }

  return {
    name: 'directory',
    needs: [],
    inspect,
    async create({ logins: _, ...request }) {
      // The jail's root must pass through the folder, but not list it.
      mkdirSync(layout.directory, { mode: 0o711 });
      mkdirSync(layout.private, { mode: 0o700 });
      const own = ['baseView', 'rootDisk', 'tftpView', 'nfsMount'] as const;
      for (const name of [...own, 'root', 'tftp', 'nfsView', 'socketsView', 'hostKeyView'] as const) {
        mkdirSync(layout[name]);
      }
      writeRecord(handle, { ...request, spec });
    },
    async remove() {
      if (!existsSync(layout.directory)) return;
      // What is mounted here is shared by all jails, or is not the jail's at all.
      const mounted = mountsBelow(layout.directory);
      if (mounted.length > 0) throw new LabError('device', `${layout.directory} has mounts: ${mounted.join(', ')}`);
      const entries = readdirSync(layout.directory).map(name => join(layout.directory, name));
      // The record goes last: until then it says what else may be left.
      const others = entries.filter(path => path !== layout.claimFile);
      await Promise.all(others.map(path => rm(path, { recursive: true, force: true })));
      await rm(layout.directory, { recursive: true, force: true });
    },
  };
}
