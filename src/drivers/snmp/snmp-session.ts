import snmp, { type Session } from 'net-snmp';
import type { PoeSwitch, Secrets } from '../../config/lab-config.ts';
import { prepareConnection } from './connect-snmp.ts';
import { createRequestQueue } from './request-queue.ts';
import { createSnmpFailures } from './snmp-failure.ts';

/**
 * Requests to one switch, one at a time. Every failure is `LabError('device')`: the switch refuses, does not answer within
 * the time limit, has no such object, or says something that is not a number. No message holds a secret.
 */
export interface SnmpSession {
  /** An INTEGER, Unsigned32, Gauge32 or Counter32. */
  readInteger(oid: string, signal: AbortSignal): Promise<number>;
  /** The switch may get it more than once (a lost answer is asked for again), so set states, never actions. */
  writeInteger(oid: string, value: number, type: 'Integer' | 'Gauge', signal: AbortSignal): Promise<void>;
  close(): void;
}

type Send = (session: Session, answer: (error: Error | null, varbinds?: snmp.Varbind[]) => void) => void;

/** `timeLimitMs` is for a whole request, with all its tries. Throws `LabError('usage')` without a fitting secret. */
export function createSnmpSession(poeSwitch: PoeSwitch, secrets: Secrets, timeLimitMs = 4500): SnmpSession {
  const connect = prepareConnection(poeSwitch, secrets, timeLimitMs);
  const failures = createSnmpFailures(poeSwitch);
  const queue = createRequestQueue(timeLimitMs, failures.silent);
  let current: Session | undefined;

  function disconnect(session: Session | undefined): void {
    if (!session || session !== current) return;
    current = undefined;
    session.close();
  }

  async function ask(signal: AbortSignal, send: Send): Promise<snmp.Varbind> {
    try {
      return await queue.add(ended => exchange(send, ended), signal);
    } catch (error) {
      if (signal.aborted) throw error;
      throw failures.explain(error);
    }
  }

  async function exchange(send: Send, ended: AbortSignal): Promise<snmp.Varbind> {
    current ??= connect();
    const session = current;
    const { promise, resolve, reject } = Promise.withResolvers<snmp.Varbind>();
    ended.addEventListener('abort', reject, { once: true });
    try {
      send(session, (error, varbinds) => {
        const varbind = varbinds?.[0];
        if (error) reject(error);
        else if (varbind) resolve(varbind);
        else reject(failures.unusable('its answer is empty'));
      });
      return await promise;
    } catch (error) {
      // The switch may have restarted: its engine id and clock (RFC 3414) are learnt anew, and an answer that is late is not taken.
      if (!(error instanceof snmp.RequestFailedError)) disconnect(session);
      throw error;
    } finally {
      ended.removeEventListener('abort', reject);
    }
  }

  return {
    async readInteger(oid, signal) {
      const varbind = await ask(signal, (session, answer) => session.get([oid], answer));
      // A missing object is no error for net-snmp: it answers with null.
      if (snmp.isVarbindError(varbind)) throw failures.unusable(`it has no ${oid}`);
      if (typeof varbind.value !== 'number') throw failures.unusable(`its ${oid} is not a number`);
      return varbind.value;
    },
    async writeInteger(oid, value, type, signal) {
      await ask(signal, (session, answer) => session.set([{ oid, type: snmp.ObjectType[type], value }], answer));
    },
    close: () => disconnect(current),
  };
}
