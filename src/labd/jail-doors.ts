import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Claim } from '../lab/claim.ts';
import { LabError } from '../lab/error.ts';
import { type Door, type Entrance, listen, openHttpDoor } from './door.ts';

/** The sockets in each jail: `labd.sock` (HTTP, in the name of the claim) and `console.sock` (the serial line's bytes). */
export interface JailDoors {
  open(claim: Claim): Promise<void>;
  close(board: string): void;
  epochOf(board: string): number | undefined;
  closeAll(): void;
}

/** The jail's root is nobody to us, so the sockets are open to all; their folder is bound into that jail alone. */
const mode = 0o666;
const mostConnections = 32;

export function createJailDoors(options: {
  readonly directory: string;
  readonly entrance: () => Entrance;
  readonly attachConsole: (board: string, stream: Duplex) => void;
}): JailDoors {
  const { directory, entrance, attachConsole } = options;
  const open = new Map<string, { readonly epoch: number; readonly doors: readonly Door[] }>();

  async function openConsoleDoor(path: string, board: string): Promise<Door> {
    const sockets = new Set<Duplex>();
    const server = createServer({ allowHalfOpen: true }, socket => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => sockets.delete(socket));
      attachConsole(board, socket);
    });
    server.maxConnections = mostConnections;
    await listen(server, path, mode);
    return {
      close() {
        server.close();
        for (const socket of sockets) socket.destroy();
      },
    };
  }

  function close(board: string): void {
    for (const door of open.get(board)?.doors ?? []) door.close();
    open.delete(board);
    for (const name of ['labd.sock', 'console.sock']) rmSync(join(directory, board, name), { force: true });
  }

  return {
    async open(claim) {
      const { board, epoch, user } = claim;
      const path = (name: string) => join(directory, board, name);
      const doors: Door[] = [];
      try {
        const identify = () => ({ door: 'jail', user, board, epoch }) as const;
        doors.push(await openHttpDoor(path('labd.sock'), { mode, mostConnections, identify, entrance: entrance() }));
        doors.push(await openConsoleDoor(path('console.sock'), board));
      } catch (error) {
        for (const door of doors) door.close();
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        throw new LabError('unreachable', `jaild has not made ${join(directory, board)} yet`, { cause: error });
      }
      open.set(board, { epoch, doors });
    },
    close,
    epochOf: board => open.get(board)?.epoch,
    closeAll() {
      for (const board of [...open.keys()]) close(board);
    },
  };
}
