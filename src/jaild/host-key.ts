import { generateKeyPairSync, randomBytes } from 'node:crypto';

const type = 'ssh-ed25519';

export interface HostKey {
  /** As in ssh_host_ed25519_key: openssh-key-v1 (PROTOCOL.key of OpenSSH), without a passphrase. */
  readonly privateKey: string;
  /** As in ssh_host_ed25519_key.pub. */
  readonly publicKey: string;
}

/** Makes a fresh Ed25519 host key: what ssh-keygen does, without starting it (5 ms of each claim). */
export function createHostKey(comment: string): HostKey {
  const { x, d } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const publicBytes = Buffer.from(x ?? '', 'base64url');
  const seed = Buffer.from(d ?? '', 'base64url');
  const publicBlob = Buffer.concat([field(type), field(publicBytes)]);
  // Twice the same number: a reader sees from it whether it decrypted well.
  const check = randomBytes(4);
  const secret = Buffer.concat([check, check, publicBlob, field(Buffer.concat([seed, publicBytes])), field(comment)]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const file = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    field('none'),
    field('none'),
    field(''),
    uint32(1),
    field(publicBlob),
    field(Buffer.concat([secret, padding])),
  ]);
  const lines = file.toString('base64').match(/.{1,70}/g) ?? [];
  return {
    privateKey: ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n'),
    publicKey: `${type} ${publicBlob.toString('base64')} ${comment}\n`,
  };
}

/** RFC 4251, section 5: string. */
function field(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
