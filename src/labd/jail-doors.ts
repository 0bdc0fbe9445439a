import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Claim } from '../lab/claim.ts';
import { LabError } from '../lab/error.ts';
import { isAnswered } from '../system/is-answered.ts';
import type { Door, Entrance } from './door.ts';
import { openGuardedDoor } from './guarded-door.ts';
import { createJailHttp } from './jail-http.ts';

/** The sockets in each jail: `labd.sock` (HTTP, in the name of the claim) and `console.sock` (the serial line's bytes). */
export interface JailDoors {
  open(claim: Claim): Promise<void>;
  /** From now on the jail speaks in the name of whoever has the claim now. */
  follow(claim: Claim): void;
  close(board: string): void;
  epochOf(board: string): number | undefined;
  /** Removes the sockets that a killed labd left, and that nobody answers. To be called before any is opened. */
  removeDead(): Promise<void>;
  closeAll(): void;
}

const limits = {
  /** The jail's root is nobody to us, so the sockets are open to all; their folder is bound into that jail alone. */
  mode: 0o666,
  // Far more than people and their scripts need, and far less than what would be felt elsewhere.
  mostConnections: 32,
  rate: { perSecond: 30, burst: 120 },
} as const;
const socketNames = ['labd.sock', 'console.sock'] as const;

interface OpenDoors {
  readonly epoch: number;
  user: string;
  readonly doors: readonly Door[];
}

export function createJailDoors(options: {
  readonly directory: string;
  readonly entrance: () => Entrance;
  readonly attachConsole: (board: string, stream: Duplex) => void;
}): JailDoors {
  const { directory, entrance, attachConsole } = options;
  const open = new Map<string, OpenDoors>();

  function close(board: string): void {
    for (const door of open.get(board)?.doors ?? []) door.close();
    open.delete(board);
    for (const name of socketNames) rmSync(join(directory, board, name), { force: true });
  }

  return {
    async open(claim) {
      const { board, epoch } = claim;
      const path = (name: string) => join(directory, board, name);
      const doors: Door[] = [];
      const opened = { epoch, user: claim.user, doors };
      try {
        const http = createJailHttp(() => ({ door: 'jail', user: opened.user, board, epoch }), entrance);
        doors.push(await openGuardedDoor(path('labd.sock'), { ...limits, take: http.take }));
        const take = (socket: Duplex) => attachConsole(board, socket);
        doors.push(await openGuardedDoor(path('console.sock'), { ...limits, take }));
      } catch (error) {
        for (const door of doors) door.close();
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        throw new LabError('unreachable', `jaild has not made ${join(directory, board)} yet`, { cause: error });
      }
      open.set(board, opened);
    },
    follow({ board, epoch, user }) {
      const opened = open.get(board);
      if (opened?.epoch === epoch) opened.user = user;
    },
    close,
    epochOf: board => open.get(board)?.epoch,
    async removeDead() {
      // jaild makes the folder; until it has, there is nothing in it.
      const files = existsSync(directory) ? readdirSync(directory, { recursive: true, encoding: 'utf8' }) : [];
      for (const file of files.filter(name => socketNames.some(socket => name.endsWith(`/${socket}`)))) {
        const path = join(directory, file);
        if (!(await isAnswered(path))) rmSync(path, { force: true });
      }
    },
    closeAll() {
      for (const board of [...open.keys()]) close(board);
    },
  };
}
