/** One thing that is wrong with the store, by one replacement in one file. */
export interface Mutant {
  readonly name: string;
  /** Below src/. */
  readonly file: string;
  readonly right: string;
  readonly wrong: string;
}

export const mutants: readonly Mutant[] = [
  {
    name: 'no lab lock: a change is not one transaction',
    file: 'store/write.ts',
    right: 'database.transaction().execute(',
    wrong: 'database.connection().execute(',
  },
  {
    name: 'no number: changes have no order',
    file: 'store/write.ts',
    right: "eb('seq', '+', 1)",
    wrong: "eb('seq', '+', 0)",
  },
  {
    name: 'last in, first out',
    file: 'store/grant-waiters.ts',
    right: ".orderBy('seq')",
    wrong: ".orderBy('seq', 'desc')",
  },
  {
    name: 'priority ignored',
    file: 'store/grant-waiters.ts',
    right: "    .orderBy('priority', 'desc')\n",
    wrong: '',
  },
  {
    name: 'all or none: those of several boards that are there are given out',
    file: 'store/grant-waiters.ts',
    right: 'boards: assign(choices)',
    wrong: 'boards: assign(choices.filter(choice => choice.length > 0))',
  },
  {
    name: 'one board is given to two places',
    file: 'lab/want.ts',
    right: 'find(choice => !ownerOf.has(choice))',
    wrong: 'find(() => true)',
  },
  {
    name: 'nothing is set aside for several boards',
    file: 'store/grant-waiters.ts',
    right: 'if (isSetAside) for',
    wrong: 'if (!isSetAside) for',
  },
  {
    name: 'of all that is asked for, one thing alone is looked at',
    file: 'store/grant-waiters.ts',
    right: "    .groupBy(['wants', 'board_count', 'lease_ms'])\n",
    wrong: "    .groupBy(['wants', 'board_count', 'lease_ms'])\n    .limit(1)\n",
  },
  {
    name: 'a waiter is not served at a release',
    file: 'store/operations.ts',
    right: 'return grantWaiters(writing);',
    wrong: 'return [];',
  },
  {
    name: 'a waiter is not served when a bar is lifted',
    file: 'store/open-store.ts',
    right: 'granted: await grantWaiters(writing) }',
    wrong: 'granted: [] }',
  },
  {
    name: 'barred boards are given out',
    file: 'store/candidates.ts',
    right: "'<', nowMs + leaseMs)",
    wrong: "'<', 0)",
  },
  {
    name: 'leases run into a maintenance',
    file: 'store/candidates.ts',
    right: "'<', nowMs + leaseMs)",
    wrong: "'<=', nowMs)",
  },
  {
    name: 'labels ignored',
    file: 'store/candidates.ts',
    right: 'want.labels.map(',
    wrong: '[].map(',
  },
  {
    name: 'boards that lab.yaml does not name are given out',
    file: 'store/candidates.ts',
    right: "eb('board.is_listed', '=', 1),",
    wrong: '',
  },
  {
    name: 'claim_id is not looked at: boards that are held are given out',
    file: 'store/candidates.ts',
    right: "    .where('claim_id', 'is', null)\n",
    wrong: '',
  },
  {
    name: 'the epoch stays',
    file: 'store/begin-claim.ts',
    right: 'const epoch = lastEpoch + 1;',
    wrong: 'const epoch = lastEpoch;',
  },
  {
    name: 'an epoch is left out',
    file: 'store/begin-claim.ts',
    right: 'const epoch = lastEpoch + 1;',
    wrong: 'const epoch = lastEpoch + 1 + (lastEpoch % 7 === 6 ? 1 : 0);',
  },
  {
    name: 'actions in the name of an older epoch',
    file: 'store/operations.ts',
    right: "    .where('epoch', '=', epoch)\n",
    wrong: '',
  },
  {
    name: 'two operations at once',
    file: 'store/operations.ts',
    right: "    .where('finished_at', 'is', null)\n    .executeTakeFirst();\n  if (!running) return;",
    wrong: "    .where('finished_at', '=', -1)\n    .executeTakeFirst();\n  if (!running) return;",
  },
  {
    name: 'an extension shortens',
    file: 'store/leases.ts',
    right: 'Math.max(claim.expiresAtMs, nowMs + leaseMs)',
    wrong: 'nowMs + leaseMs',
  },
  {
    name: 'an extension beyond what a claim may last',
    file: 'store/leases.ts',
    right: 'expiresAtMs > claim.createdAtMs + mostMs',
    wrong: 'expiresAtMs > nowMs + mostMs',
  },
  {
    name: 'an extension of what has run out',
    file: 'store/leases.ts',
    right: 'if (endOf(claim) <= nowMs)',
    wrong: 'if (endOf(claim) < 0)',
  },
  {
    name: 'an extension while others wait',
    file: 'store/leases.ts',
    right: 'if (isFit) return user_name;',
    wrong: 'if (isFit) return undefined;',
  },
  {
    name: 'an extension into a maintenance',
    file: 'store/leases.ts',
    right: "    .where('starts_at', '<', expiresAtMs)\n",
    wrong: "    .where('starts_at', '<', nowMs)\n",
  },
  {
    name: 'expiry by the local clock',
    file: 'store/open-store.ts',
    right: 'listExpired: async () => listEnding(database, await now())',
    wrong: 'listExpired: async () => listEnding(database, Date.now())',
  },
  {
    name: 'a grace by the local clock',
    file: 'store/claims.ts',
    right: "eb('away_until', '<=', momentMs)",
    wrong: "eb('away_until', '<=', Date.now())",
  },
  {
    name: 'limits of users ignored',
    file: 'store/check-limits.ts',
    right: 'held + wants.length > limits.boards',
    wrong: 'held > limits.boards',
  },
  {
    name: 'the clock is set, and leases stay',
    file: 'store/leases.ts',
    right: 'const expiresAtMs = claim.expiresAtMs + byMs;',
    wrong: 'const expiresAtMs = claim.expiresAtMs;',
  },
  {
    name: 'a change without its event',
    file: 'store/sharing.ts',
    right: "  await writing.record({ kind: 'claim-unshared'",
    wrong: "  if (claim.sharedWith.length > 9) await writing.record({ kind: 'claim-unshared'",
  },
];
