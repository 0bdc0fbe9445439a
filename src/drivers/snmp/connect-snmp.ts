import snmp, { type Session } from 'net-snmp';
import type { PoeSwitch, Secrets } from '../../config/lab-config.ts';
import { LabError } from '../../lab/error.ts';

const triesForAnAnswer = 3;

/**
 * How to connect to the switch, as its block in lab.yaml and its secret say: v2c, or v3 authPriv with SHA-256 and AES. All tries
 * of one request take `timeLimitMs`. Throws `LabError('usage')` without a fitting secret.
 */
export function prepareConnection(
  { name, host, udpPort, snmp: access }: PoeSwitch,
  secrets: Secrets,
  timeLimitMs: number,
): () => Session {
  const secret = secrets.get(access.secret);
  const options = {
    port: udpPort,
    retries: triesForAnAnswer - 1,
    timeout: Math.ceil(timeLimitMs / triesForAnAnswer),
    reportOidMismatchErrors: true,
  };
  if (access.version === '3' && secret && 'authPassword' in secret) {
    const user = {
      name: access.user,
      level: snmp.SecurityLevel.authPriv,
      authProtocol: snmp.AuthProtocols.sha256,
      authKey: secret.authPassword,
      privProtocol: snmp.PrivProtocols.aes,
      privKey: secret.privPassword,
    };
    return () => listening(snmp.createV3Session(host, user, { ...options, version: snmp.Version3 }));
  }
  if (access.version === '2c' && secret && 'community' in secret) {
    return () => listening(snmp.createSession(host, secret.community, { ...options, version: snmp.Version2c }));
  }
  throw new LabError('usage', `secrets.yaml has nothing for switch ${name} (${access.secret}, SNMP ${access.version})`);
}

/** A datagram that is not SNMP makes the session emit `error`; without a listener that would end the process. */
function listening(session: Session): Session {
  (session as unknown as NodeJS.EventEmitter).on('error', () => {});
  return session;
}
