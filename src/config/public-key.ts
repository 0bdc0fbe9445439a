/** The key types that may log in, and how many length-prefixed fields follow the type in the blob (RFC 4253 section 6.6). */
const fieldsOfType: Readonly<Record<string, number>> = {
  'ssh-ed25519': 1,
  'ssh-rsa': 2,
  'ecdsa-sha2-nistp256': 2,
  'ecdsa-sha2-nistp384': 2,
  'ecdsa-sha2-nistp521': 2,
  'sk-ssh-ed25519@openssh.com': 2,
  'sk-ecdsa-sha2-nistp256@openssh.com': 3,
};
const leastRsaBits = 2048;

export type ParsedKey = { readonly key: string } | { readonly problem: string };

/** Reads one line of an OpenSSH .pub file. `key` is its type and base64 without the comment, a form that can be compared. */
export function parsePublicKey(line: string): ParsedKey {
  const [type = '', base64 = ''] = line.trim().split(/[ \t]+/);
  if (line.includes('PRIVATE KEY')) return { problem: 'this is a private key; give the .pub file' };
  if (/[\r\n\0]/.test(line.trim())) return { problem: 'a key is one line' };
  const fieldCount = Object.hasOwn(fieldsOfType, type) ? fieldsOfType[type] : undefined;
  if (fieldCount === undefined) return { problem: `"${type.slice(0, 60)}" ${typeProblem(type, line)}` };
  const blob = Buffer.from(base64, 'base64');
  if (base64 === '' || blob.toString('base64') !== base64)
    return { problem: 'the key after its type is not valid base64' };
  const fields = splitBlob(blob);
  if (!fields) return { problem: 'the key is cut short or has bytes too many' };
  const innerType = fields[0]?.toString('latin1') ?? '';
  if (innerType !== type) return { problem: `the key says ${type}, but it is a key of another type inside` };
  if (fields.length !== fieldCount + 1) return { problem: 'the key is cut short or has bytes too many' };
  const problem = contentProblem(type, fields);
  return problem ? { problem } : { key: `${type} ${base64}` };
}

function typeProblem(type: string, line: string): string {
  if (type === 'ssh-dss') return 'keys are no longer safe; OpenSSH refuses them too';
  if (type.includes('-cert-')) return 'is a certificate; give the plain public key';
  if (/\b(ssh-|ecdsa-|sk-)/.test(line)) return 'is not allowed before a key: no options';
  return 'is not a type of key; a key looks like: ssh-ed25519 AAAAC3... comment';
}

function contentProblem(type: string, fields: readonly Buffer[]): string | undefined {
  if (type === 'ssh-rsa') {
    const bits = bitLength(fields[2] ?? Buffer.alloc(0));
    return bits < leastRsaBits ? `an RSA key of ${bits} bits is too short; ${leastRsaBits} is the least` : undefined;
  }
  if (type.endsWith('ed25519') || type.startsWith('sk-ssh-ed25519')) {
    return fields[1]?.length === 32 ? undefined : 'an Ed25519 key has 32 bytes';
  }
  // The curve is named twice, in the type and in the blob (RFC 5656 section 3.1).
  const curve = /nistp\d+/.exec(type)?.[0];
  return fields[1]?.toString('latin1') === curve ? undefined : 'the key is on another curve than its type says';
}

/** The length-prefixed strings that a key blob is made of; undefined when they do not fill it exactly. */
function splitBlob(blob: Buffer): Buffer[] | undefined {
  const fields: Buffer[] = [];
  let offset = 0;
  while (offset < blob.length) {
    if (offset + 4 > blob.length) return undefined;
    const end = offset + 4 + blob.readUInt32BE(offset);
    if (end > blob.length) return undefined;
    fields.push(blob.subarray(offset + 4, end));
    offset = end;
  }
  return fields;
}

function bitLength(integer: Buffer): number {
  const first = integer.findIndex(byte => byte !== 0);
  if (first < 0) return 0;
  return (integer.length - first - 1) * 8 + (32 - Math.clz32(integer[first] ?? 0));
}
