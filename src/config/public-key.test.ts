import { generateKeyPairSync } from 'node:crypto';
import { parsePublicKey } from './public-key.ts';

const field = (content: string | Uint8Array) => {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
const line = (type: string, ...fields: readonly (string | Uint8Array)[]) =>
  `${type} ${Buffer.concat([type, ...fields].map(field)).toString('base64')}`;

function rsa(bits: number): string {
  const { n = '', e = '' } = generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' });
  const number = (base64: string) => Buffer.concat([Buffer.of(0), Buffer.from(base64, 'base64url')]);
  return line('ssh-rsa', number(e), number(n));
}

const good: readonly [string, string][] = [
  ['Ed25519', line('ssh-ed25519', Buffer.alloc(32, 1))],
  ['ECDSA', line('ecdsa-sha2-nistp256', 'nistp256', Buffer.alloc(65, 4))],
  ['Ed25519 on a token', line('sk-ssh-ed25519@openssh.com', Buffer.alloc(32, 1), 'ssh:')],
  ['ECDSA on a token', line('sk-ecdsa-sha2-nistp256@openssh.com', 'nistp256', Buffer.alloc(65, 4), 'ssh:')],
  ['RSA of 2048 bits', rsa(2048)],
];

test.each(good)('%s is taken, without its comment', (_what, key) => {
  expect(parsePublicKey(` ${key}\t a comment\r`)).toEqual({ key });
});

const ed25519 = good[0]?.[1] ?? '';
test.each([
  ['short RSA', rsa(1024), /1024 bits is too short/],
  ['DSA', line('ssh-dss', 'x', 'x', 'x', 'x'), /no longer safe/],
  ['options', `no-pty ${ed25519}`, /no options/],
  ['a certificate', line('ssh-ed25519-cert-v01@openssh.com', 'x'), /certificate/],
  ['another type inside', ed25519.replace('ssh-ed25519', 'ssh-rsa'), /another type inside/],
  ['another curve inside', line('ecdsa-sha2-nistp256', 'nistp384', 'x'), /another curve/],
  ['a short key', line('ssh-ed25519', Buffer.alloc(31)), /32 bytes/],
  ['a field too many', line('ssh-ed25519', Buffer.alloc(32), 'x'), /bytes too many/],
  ['a key cut short', ed25519.slice(0, -12), /cut short/],
  ['bad base64', `${ed25519}!`, /base64/],
  ['no key', 'ssh-ed25519', /base64/],
  ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----', /private key/],
  ['prose', 'hello world', /is not a type of key/],
  ['nothing', '', /is not a type of key/],
])('%s is refused', (_what, text, problem) => {
  expect(parsePublicKey(text)).toEqual({ problem: expect.stringMatching(problem) });
});
