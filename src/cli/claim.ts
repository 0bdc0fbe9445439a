import { Option } from 'commander';
import type { ClaimedBoard, ClaimRequest } from '../api/messages.ts';
import { LabError } from '../lab/error.ts';
import { collect, readLength } from './length.ts';
import { describeClaim, describeHold, followOperation } from './operation.ts';
import type { AddVerb } from './verb.ts';

export interface ClaimOptions {
  readonly board: readonly string[];
  readonly with: readonly string[];
  readonly key: readonly string[];
  readonly for?: number;
  readonly wait?: true;
  readonly waitAtMost?: number;
  readonly hold?: true;
  readonly power?: true;
  readonly json?: true;
}

export const addClaim: AddVerb = (program, context) => {
  const { output, nowMs, watchConnection } = context;
  program
    .command('claim')
    .description('a free board of each class, all or none, and a fresh jail for each')
    .argument('[class...]', 'see `labcli classes`; several for several boards')
    .option('--board <handle>', 'this board and no other; can be repeated', collect, [])
    .option('--with <label>', 'only boards with this label, such as sdmux or ram=4g; can be repeated', collect, [])
    .option('--for <time>', 'how long, such as 30m, 2h or 1d; the class has a default', readLength)
    .option('--wait', 'wait in the queue; --wait=30m for 30 minutes at most')
    .addOption(new Option('--wait-at-most <time>').argParser(readLength).hideHelp())
    .option('--hold', 'the claim lives as long as this connection')
    .option('--power', 'power the boards on as the last step')
    .option('--key <key>', 'an OpenSSH public key that opens the jail too; can be repeated', collect, [])
    .option('--json', 'print JSON, and no progress')
    .action(async (classes: readonly string[], options: ClaimOptions) => {
      const body = buildRequest(classes, options);
      const isJson = options.json === true;
      // Whoever hangs up leaves the queue, and the claim that lives by the connection begins to end.
      if (options.wait || options.waitAtMost !== undefined || options.hold) watchConnection();
      const tell = ({ claims }: { readonly claims: readonly ClaimedBoard[] }) => {
        const [first] = claims;
        if (!first) throw new LabError('bug', 'labd ended the claim without telling which');
        if (isJson) return output.printJson(claims.length === 1 ? first : { claims });
        for (const claim of claims) output.print(`${claim.board} is yours`, ...describeClaim(claim, nowMs()));
        if (options.hold) output.tell(describeHold(first));
      };
      await followOperation(context, { kind: 'claim', body }, isJson, tell);
    });
};

export function buildRequest(classes: readonly string[], options: ClaimOptions): ClaimRequest {
  const labels = options.with;
  const wants = [...classes.map(name => ({ class: name, labels })), ...options.board.map(board => ({ board, labels }))];
  if (wants.length === 0) {
    throw new LabError('usage', 'claim wants a class or --board', { hint: '`labcli classes` lists the classes' });
  }
  return {
    wants,
    ...(options.power ? { power: true } : {}),
    ...(options.for === undefined ? {} : { leaseMs: options.for }),
    ...(options.wait || options.waitAtMost !== undefined ? { wait: true } : {}),
    ...(options.waitAtMost === undefined ? {} : { waitMs: options.waitAtMost }),
    ...(options.hold ? { hold: true } : {}),
    ...(options.key.length > 0 ? { keys: options.key } : {}),
  };
}
