import { addIssues } from './issue-sentence.ts';
import type { PoeSwitch, Secret, Secrets } from './lab-config.ts';
import { communitySchema, passwordsSchema } from './lab-schema.ts';
import { readYamlFile, type YamlFile } from './yaml-file.ts';

/**
 * Reads secrets.yaml: `NAME: { community: … }` or `NAME: { auth_password: …, priv_password: … }`. Throws one
 * `LabError('usage')` with all mistakes, which tell places but never a value. With `switches`, it is a mistake too when one
 * of them has no secret, or one that is not for its SNMP version.
 */
export function loadSecrets(path: string, switches: readonly PoeSwitch[] = []): Secrets {
  const file = readYamlFile(path);
  const { content } = file;
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    file.addMistake([], 'expected a block of names, each with its secret');
    file.throwMistakes();
  }
  const secrets = new Map<string, Secret>();
  for (const [name, entry] of Object.entries(content as Record<string, unknown>)) {
    const secret = readSecret(file, name, entry);
    if (secret) secrets.set(name, secret);
  }
  for (const { name, snmp } of switches) {
    const secret = secrets.get(snmp.secret);
    if (!secret) {
      if (!Object.hasOwn(Object(content), snmp.secret))
        file.addMistake([], `${snmp.secret} is missing: switch ${name} needs it`);
    } else if ('community' in secret !== (snmp.version === '2c')) {
      const need = snmp.version === '2c' ? 'a community' : 'auth_password and priv_password';
      file.addMistake([snmp.secret], `switch ${name} speaks SNMP version ${snmp.version}, which needs ${need}`);
    }
  }
  file.throwMistakes();
  return secrets;
}

function readSecret(file: YamlFile, name: string, entry: unknown): Secret | undefined {
  if (typeof entry === 'object' && entry !== null && 'community' in entry) {
    const result = communitySchema.safeParse(entry);
    if (!result.success) addIssues(file, result.error.issues, [name]);
    return result.data;
  }
  const result = passwordsSchema.safeParse(entry);
  if (!result.success) addIssues(file, result.error.issues, [name]);
  return result.data && { authPassword: result.data.auth_password, privPassword: result.data.priv_password };
}
