import { createHash } from 'node:crypto';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import snmp from 'net-snmp';
import { LabError } from '../../lab/error.ts';
import type { OidTree } from './oid-tree.ts';
import { answerBulk, answerGet, answerNext, answerSet, type Varbind } from './requests.ts';

/** Who may ask. A community or user without `mayWrite` can only read. */
export type Identity =
  | { readonly community: string; readonly mayWrite: boolean }
  | {
      readonly user: string;
      readonly authPassword: string;
      readonly privPassword: string;
      readonly mayWrite: boolean;
    };

export interface SnmpAgent {
  close(): void;
}

/** The parts of net-snmp's agent that are used and that its types do not tell. */
interface Pdu {
  varbinds: Varbind[];
  errorStatus: number;
  errorIndex: number;
  readonly nonRepeaters: number;
  readonly maxRepetitions: number;
  getResponsePduForRequest(): Pdu;
}
interface Message {
  readonly version: number;
  readonly community: string;
  readonly user?: { readonly name: string };
  readonly pdu: Pdu;
}
type Handler = (socket: unknown, message: Message, from: unknown) => void;
interface AgentInternals {
  getRequest: Handler;
  getNextRequest: Handler;
  getBulkRequest: Handler;
  setRequest: Handler;
  readonly listener: { readonly sockets: Readonly<Record<string, Socket>> };
  sendResponse(socket: unknown, from: unknown, request: Message, response: Pdu): void;
  close(): void;
}

/**
 * An SNMP agent (v2c, v3 authPriv with SHA-256 and AES) for a tree that is asked for at each request. net-snmp does the wire and the
 * security; its own MIB layer is left out, because it damages binary OCTET STRINGs, miscounts GETBULK, and lets a
 * read-only community create rows. Comes back when the port is open; throws when it cannot be.
 */
export async function startSnmpAgent(options: {
  readonly address: string;
  readonly udpPort: number;
  readonly identities: readonly Identity[];
  readonly tree: () => OidTree;
  readonly log: (text: string) => void;
}): Promise<SnmpAgent> {
  const { address, udpPort, identities, tree, log } = options;
  // Enterprise 47488 is net-snmp's for Node; the rest only has to be stable for this address (RFC 3411 section 5).
  const engineId = `8000b98380${createHash('sha256').update(`${address}:${udpPort}`).digest('hex').slice(0, 32)}`;
  const agent = snmp.createAgent(
    { port: udpPort, address, engineID: engineId, disableAuthorization: false },
    (error: Error | null) => {
      if (error) log(`snmp: ${error.message}`);
    },
  );
  const authorizer = agent.getAuthorizer();
  for (const identity of identities) {
    if ('community' in identity) authorizer.addCommunity(identity.community);
    else {
      authorizer.addUser({
        name: identity.user,
        level: snmp.SecurityLevel.authPriv,
        authProtocol: snmp.AuthProtocols.sha256,
        authKey: identity.authPassword,
        privProtocol: snmp.PrivProtocols.aes,
        privKey: identity.privPassword,
      });
    }
  }
  /** net-snmp lets through more than was allowed: version 1, and version 3 without a user. */
  const findIdentity = ({ version, user, community }: Message) =>
    identities.find(identity =>
      'user' in identity
        ? version === snmp.Version3 && identity.user === user?.name
        : version === snmp.Version2c && identity.community === community,
    );
  const internals = agent as unknown as AgentInternals;
  const sockets = Object.values(internals.listener.sockets);
  await Promise.all(sockets.map(socket => once(socket, 'listening'))).catch(cause => {
    throw new LabError('device', `no SNMP agent at ${address} port ${udpPort}/udp: ${cause.code}`, { cause });
  });
  const reply = (socket: unknown, request: Message, from: unknown, varbinds: Varbind[], status = 0, index = 0) => {
    const response = request.pdu.getResponsePduForRequest();
    response.varbinds = varbinds;
    response.errorStatus = status;
    response.errorIndex = index;
    internals.sendResponse(socket, from, request, response);
  };
  const answering =
    (answer: (tree: OidTree, pdu: Pdu) => Varbind[]): Handler =>
    (socket, message, from) => {
      if (findIdentity(message)) reply(socket, message, from, answer(tree(), message.pdu));
    };
  internals.getRequest = answering((own, { varbinds }) => answerGet(own, varbinds));
  internals.getNextRequest = answering((own, { varbinds }) => answerNext(own, varbinds));
  internals.getBulkRequest = answering((own, pdu) => answerBulk(own, pdu.varbinds, pdu));
  // SETs are carried out one after another, or the second could be checked against what the first is about to change.
  let previous: Promise<void> = Promise.resolve();
  internals.setRequest = (socket, message, from) => {
    const { varbinds } = message.pdu;
    const identity = findIdentity(message);
    if (!identity) return;
    previous = previous.then(async () => {
      const { status, index } = await answerSet(tree(), varbinds, identity.mayWrite);
      reply(socket, message, from, varbinds, status, index);
    });
  };
  return { close: () => internals.close() };
}
