import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Board } from '../lab/board.ts';
import { LabError } from '../lab/error.ts';

/** Connections to the sshd of jails, made for users who have no route to them. */
export interface Proxies {
  /** Throws `LabError('device')` when sshd does not answer in time, `busy` when the jail has too many already. */
  connect(board: Board, user: string): Promise<Socket>;
  /** Carries bytes both ways. An end of one way is passed on, and the other way goes on. */
  join(board: Board, stream: Duplex, jail: Socket, user: string): void;
  /** Ends all connections to the board's jail at once, also those that are only being made. */
  close(board: string): void;
  /** Ends those of somebody who may no longer use the board. */
  endStreamsOf(board: string, user: string): void;
  closeAll(): void;
}

const connectTimeoutMs = 5000;
/** One user cannot use up what labd can have open for all. */
const mostPerBoard = 64;

export function createProxies(sshdOf: (board: Board) => TcpNetConnectOpts): Proxies {
  /** The streams of each board, and whose they are. */
  const open = new Map<string, Map<Duplex, string>>();

  /** Remembers a stream until it is closed. */
  function keep(board: string, stream: Duplex, user: string): void {
    const streams = open.get(board) ?? new Map<Duplex, string>();
    open.set(board, streams.set(stream, user));
    stream.once('close', () => {
      streams.delete(stream);
      if (streams.size === 0 && open.get(board) === streams) open.delete(board);
    });
  }

  function close(board: string): void {
    for (const stream of open.get(board)?.keys() ?? []) stream.destroy();
  }

  return {
    async connect(board, user) {
      const { handle } = board;
      // Each connection has two streams.
      if ((open.get(handle)?.size ?? 0) >= 2 * mostPerBoard) {
        throw new LabError('busy', `the jail of ${handle} has ${mostPerBoard} proxied connections already`);
      }
      const jail = connect({ ...sshdOf(board), allowHalfOpen: true, noDelay: true });
      keep(handle, jail, user);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      jail.once('connect', resolve).on('error', reject).once('close', reject);
      const timer = setTimeout(() => jail.destroy(), connectTimeoutMs);
      try {
        await promise;
        return jail;
      } catch (error) {
        const hint = `labcli reinit ${handle} makes the jail anew`;
        throw new LabError('device', `sshd in the jail of ${handle} does not answer`, { hint, cause: error });
      } finally {
        clearTimeout(timer);
      }
    },
    join({ handle }, stream, jail, user) {
      if (jail.destroyed) {
        stream.destroy();
        return;
      }
      keep(handle, stream, user);
      for (const [from, to] of [
        [stream, jail],
        [jail, stream],
      ] as const) {
        from.on('error', () => to.destroy());
        // What was closed before its end has been cut off; what has ended may have more to say to the other side.
        from.once('close', () => {
          if (!from.readableEnded) to.destroy();
        });
        from.pipe(to);
      }
    },
    close,
    endStreamsOf(board, user) {
      for (const [stream, owner] of open.get(board) ?? []) if (owner === user) stream.destroy();
    },
    closeAll() {
      for (const board of [...open.keys()]) close(board);
    },
  };
}
