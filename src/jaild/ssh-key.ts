import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { LabError } from '../lab/error.ts';
import { writeDurably } from './jail-record.ts';
import { lengthPrefixed } from './ssh-wire.ts';

export const sshKeyType = 'ssh-ed25519';

/** An Ed25519 key pair. Made here and not by ssh-keygen, which takes 5 ms of each claim to start. */
export interface SshKey {
  readonly privateKey: KeyObject;
  /** 32 bytes each, RFC 8032. */
  readonly publicBytes: Buffer;
  readonly seed: Buffer;
  /** As SSH sends it: the type and the public bytes (RFC 8709). */
  readonly publicBlob: Buffer;
}

export function createSshKey(): SshKey {
  return describeKey(generateKeyPairSync('ed25519').privateKey);
}

/** The key that is kept in a file, as PKCS #8; makes a fresh one when there is none. The file is for root alone. */
export function keepSshKey(path: string): SshKey {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const key = createSshKey();
    writeDurably(path, key.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
    return key;
  }
  try {
    return describeKey(createPrivateKey(text));
  } catch (error) {
    throw new LabError('device', `${path} has no Ed25519 key in it`, {
      hint: 'put back the file of before',
      cause: error,
    });
  }
}

/** A line as in a .pub file, without its end. */
export function formatPublicKey({ publicBlob }: Pick<SshKey, 'publicBlob'>, comment: string): string {
  return `${sshKeyType} ${publicBlob.toString('base64')} ${comment}`;
}

function describeKey(privateKey: KeyObject): SshKey {
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error(`a key of type ${privateKey.asymmetricKeyType}`);
  const { x = '', d = '' } = privateKey.export({ format: 'jwk' });
  const publicBytes = Buffer.from(x, 'base64url');
  return {
    privateKey,
    publicBytes,
    seed: Buffer.from(d, 'base64url'),
    publicBlob: Buffer.concat([lengthPrefixed(sshKeyType), lengthPrefixed(publicBytes)]),
  };
}
