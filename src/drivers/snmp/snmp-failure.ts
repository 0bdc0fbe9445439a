import snmp from 'net-snmp';
import type { PoeSwitch } from '../../config/lab-config.ts';
import { LabError } from '../../lab/error.ts';

/** What a switch did wrong, as a `LabError('device')` that says what to look at. None of them holds a secret. */
export interface SnmpFailures {
  silent(): LabError;
  /** `reason` completes `switch poe1: …`. */
  unusable(reason: string): LabError;
  /** What net-snmp made of an answer, or of none. */
  explain(cause: unknown): LabError;
}

export function createSnmpFailures({ name, host, udpPort, snmp: access }: PoeSwitch): SnmpFailures {
  const credentials = access.version === '3' ? 'user and passwords' : 'community';
  const asker = access.version === '3' ? `the user ${access.user}` : 'this community';
  const hints = {
    // A wrong community is not answered at all, and some switches treat a wrong password so, too.
    silent: `is it powered, is ${host} port ${udpPort}/udp reachable, are ${credentials} those of the switch?`,
    refused: `may ${asker} write, and is the port right?`,
    unusable: "are the port and the switch's poe block in lab.yaml right?",
    invalid: `are ${credentials} those of the switch?`,
  };
  const fail = (reason: string, hint: keyof typeof hints, cause?: unknown) =>
    new LabError('device', `switch ${name}: ${reason}`, { hint: hints[hint], cause });

  return {
    silent: () => fail('it did not answer', 'silent'),
    unusable: reason => fail(reason, 'unusable'),
    explain(cause) {
      if (cause instanceof LabError) return cause;
      if (cause instanceof snmp.RequestFailedError) return fail(`it refused (${cause.message})`, 'refused', cause);
      if (cause instanceof snmp.ResponseInvalidError) {
        // Its message may repeat the community, so only the kind is told.
        return fail(`its answer is not valid (${snmp.ResponseInvalidCode[cause.code] ?? 'unknown'})`, 'invalid');
      }
      const { name: kind, code } = cause as NodeJS.ErrnoException;
      if (kind === 'RequestTimedOutError') return fail('it did not answer', 'silent', cause);
      return fail(`it cannot be asked (${code ?? kind})`, 'silent', cause);
    },
  };
}
