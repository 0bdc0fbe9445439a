import type { ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { endChild, startChild } from '../child.ts';

/** A serial cable: two pseudo-terminals that carry each other's bytes. */
export interface SerialCable {
  /** Where the board plugs in. */
  readonly boardEnd: string;
  unplug(): Promise<void>;
}

/**
 * Lays a serial cable whose lab end is at `labEnd`. Both ends stay where they are while boards come and go; a pair that breaks is
 * laid again. A group `labd`, if there is one, may open the lab end, as `dialout` may a real port.
 */
export function laySerialCable(labEnd: string, group: string | undefined, log: (text: string) => void): SerialCable {
  const boardEnd = `${labEnd}.board`;
  const access = group === undefined ? 'mode=600' : `mode=660,group=${group}`;
  let isUnplugged = false;
  let child: ChildProcess | undefined;

  function lay(): void {
    child = startChild(
      'socat',
      [`PTY,link=${labEnd},raw,echo=0,${access}`, `PTY,link=${boardEnd},raw,echo=0,mode=600`],
      log,
    );
    child.once('exit', () => {
      if (!isUnplugged) setTimeout(lay, 100);
    });
  }

  mkdirSync(dirname(labEnd), { recursive: true });
  lay();
  return {
    boardEnd,
    async unplug() {
      isUnplugged = true;
      if (child) await endChild(child);
      for (const end of [labEnd, boardEnd]) rmSync(end, { force: true });
    },
  };
}
