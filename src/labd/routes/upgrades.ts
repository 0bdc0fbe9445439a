import type { Duplex } from 'node:stream';
import { consoleProtocol, proxyProtocol } from '../../api/messages.ts';
import type { Identity } from '../../lab/access.ts';
import type { Calls } from '../calls/calls.ts';
import { boardRequest, consoleQuery, parseRequest } from '../requests.ts';

/** A call that goes on as bytes both ways, in a protocol of its own (RFC 9110 section 7.8). */
export interface Upgrade {
  readonly path: string;
  readonly protocol: string;
  /** Gives what connects the caller's stream. Throws `LabError`. */
  open(identity: Identity, query: object): Promise<(stream: Duplex) => void>;
}

export function createUpgrades(calls: Calls): readonly Upgrade[] {
  return [
    {
      path: '/v1/console',
      protocol: consoleProtocol,
      open(identity, query) {
        const { board, terminal } = parseRequest(consoleQuery, query);
        return calls.openConsole(identity, board, terminal === 'true');
      },
    },
    {
      path: '/v1/proxy',
      protocol: proxyProtocol,
      open: (identity, query) => calls.openProxy(identity, parseRequest(boardRequest, query).board),
    },
  ];
}
