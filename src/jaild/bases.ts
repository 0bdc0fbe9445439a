import { existsSync, readdirSync, readlinkSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LabError } from '../lab/error.ts';
import { paths } from '../system/paths.ts';
import { run } from '../system/run.ts';
import { jailsDirectory } from './jail-layout.ts';
import { readRecord } from './jail-record.ts';
import { isMounted } from './mounts.ts';

/** The bases: root file systems that jails share read-only. A jail keeps the one that it was built on. */
export interface Bases {
  /** The name of the one that new jails are built on. Throws `LabError('device')` when there is none. */
  current(): string;
  /** Keeps a base from being removed until the function that it gives is called. */
  hold(base: string): () => void;
  /** Removes those that are neither current nor a jail's; not those that are mounted here from elsewhere. */
  removeUnused(): Promise<void>;
}

/** What is not finished, or half removed, begins with a dot. */
const nameRule = /^[A-Za-z0-9][A-Za-z0-9-]{0,39}$/;

export function pathOfBase(base: string): string {
  return join(paths.jailBases, base);
}

export function createBases(log: (message: string) => void): Bases {
  const held = new Map<symbol, string>();
  let removal = Promise.resolve();

  function current(): string {
    let base: string | undefined;
    try {
      base = basename(readlinkSync(paths.jailBase));
    } catch {
      base = undefined;
    }
    if (base !== undefined && nameRule.test(base) && existsSync(pathOfBase(base))) return base;
    throw new LabError('device', `${paths.jailBase} names no root file system for jails`, {
      hint: `build one: bin/jail-base --beside ${paths.jailBases}`,
    });
  }

  function listUsed(): Set<string> {
    const bases = readdirSync(jailsDirectory).map(board => readRecord(board)?.spec.base);
    return new Set([current(), ...held.values(), ...bases.filter(base => base !== undefined)]);
  }

  async function remove(): Promise<void> {
    const used = listUsed();
    for (const name of readdirSync(paths.jailBases)) {
      const path = pathOfBase(name);
      if (!nameRule.test(name) || name === 'current' || used.has(name) || isMounted(path)) continue;
      // Under this name, nobody takes what is left of it for a base.
      renameSync(path, pathOfBase(`.old-${name}`));
      log(`the base ${name} is in use no more`);
    }
    for (const name of readdirSync(paths.jailBases)) {
      if (!name.startsWith('.old-')) continue;
      await run('rm', ['-rf', '--one-file-system', '--', pathOfBase(name)], { timeoutMs: 300_000 });
    }
  }

  return {
    current,
    hold(base) {
      const key = Symbol(base);
      held.set(key, base);
      return () => {
        held.delete(key);
      };
    },
    removeUnused() {
      removal = removal.then(remove).catch(error => log(`removing old bases: ${(error as Error).message}`));
      return removal;
    },
  };
}
