import { randomBytes, sign } from 'node:crypto';
import { formatPublicKey, keepSshKey, type SshKey, sshKeyType } from './ssh-key.ts';
import { lengthPrefixed, uint32, uint64 } from './ssh-wire.ts';

const certificateType = 'ssh-ed25519-cert-v01@openssh.com';
const hostCertificate = 2;
/** For clients whose clock is behind. */
const earlierMs = 10 * 60_000;

/** The lab host's SSH certificate authority for the host keys of jails. Who trusts it needs to know no jail's key. */
export interface HostAuthority {
  /** A line as in a .pub file, without its end. */
  readonly publicKey: string;
  /** A line as in a -cert.pub file, without its end. Valid from a little before now, as a host that has one of `names`. */
  certify(key: SshKey, claim: HostClaim): string;
}

export interface HostClaim {
  /** Told in the log of a client and by `ssh-keygen -L`; it decides nothing. */
  readonly keyId: string;
  readonly names: readonly string[];
  /** Milliseconds since 1970; the certificate is no longer valid then. */
  readonly expiresAtMs: number;
}

/** Takes the authority's key from a file, or makes one and keeps it there. */
export function createHostAuthority(keyFile: string, labName: string): HostAuthority {
  const authority = keepSshKey(keyFile);
  return {
    publicKey: formatPublicKey(authority, `labcli-${labName}`),
    certify(key, claim) {
      const blob = signCertificate(key, claim, authority, Date.now());
      return `${certificateType} ${blob.toString('base64')} ${claim.keyId.replaceAll(' ', '-')}`;
    },
  };
}

/** PROTOCOL.certkeys of OpenSSH, section "New public key formats". */
function signCertificate(key: SshKey, claim: HostClaim, authority: SshKey, nowMs: number): Buffer {
  const { keyId, names, expiresAtMs } = claim;
  const seconds = (ms: number) => uint64(BigInt(Math.max(0, Math.floor(ms / 1000))));
  const content = Buffer.concat([
    lengthPrefixed(certificateType),
    lengthPrefixed(randomBytes(32)),
    lengthPrefixed(key.publicBytes),
    // Serial numbers are for revocation lists. A random one is as good as one that is counted.
    randomBytes(8),
    uint32(hostCertificate),
    lengthPrefixed(keyId),
    lengthPrefixed(Buffer.concat(names.map(lengthPrefixed))),
    seconds(Math.min(nowMs, expiresAtMs) - earlierMs),
    seconds(expiresAtMs),
    // Neither critical options nor extensions, and the field that is reserved.
    ...Array.from({ length: 3 }, () => lengthPrefixed('')),
    lengthPrefixed(authority.publicBlob),
  ]);
  const signature = Buffer.concat([
    lengthPrefixed(sshKeyType),
    lengthPrefixed(sign(null, content, authority.privateKey)),
  ]);
  return Buffer.concat([content, lengthPrefixed(signature)]);
}
