import type { Database } from 'better-sqlite3';
import type { BarKind } from '../../src/lab/bar.ts';
import type { Want } from '../../src/lab/want.ts';
import type { OperationResult, Store } from '../../src/store/store.ts';
import { admin, boards, causes, classes, limits, makeBoard, mostLeaseMs, users } from './model-lab.ts';
import type { Random } from './random.ts';

interface ClaimRow {
  readonly board: string;
  readonly user: string;
  readonly epoch: number;
  readonly grace: number | null;
}

const error = { code: 'device', message: 'broken' } as const;
const handles = boards.map(({ handle }) => handle);
const labels = ['sdmux', 'ram=4g', 'ram=8g', 'emmc'];

/** How often each kind of change is tried. */
const everybody = {
  ask: 15,
  cancel: 3,
  finish: 26,
  release: 9,
  reinit: 3,
  stale: 2,
  extend: 12,
  share: 4,
  transfer: 2,
  away: 3,
  bar: 4,
  window: 3,
  unbar: 9,
  check: 2,
  settle: 4,
  'clock step': 6,
} as const;
/** What only the one time keeper does. */
const keeper = {
  ...everybody,
  expire: 12,
  orphans: 4,
  'set clock': 1,
  spare: 0.5,
  'all away': 0.5,
  reload: 1.5,
} as const;

/** Gives what tries one random change of the lab, and says which into `change`. Throws what the store throws. */
export function createRandomChanges(options: {
  readonly store: Store;
  readonly database: Database;
  readonly isTimeKeeper: boolean;
  readonly random: Random;
}): (change: { name: string }) => Promise<unknown> {
  const { store, database, isTimeKeeper, random } = options;
  const weights: Readonly<Partial<Record<keyof typeof keeper, number>>> = isTimeKeeper ? keeper : everybody;
  const claims = database.prepare<[], ClaimRow>(
    'select board, user_name as user, epoch, grace_ms as grace from claim where ended_at is null',
  );
  const operations = database.prepare<[], { id: number; kind: string; state: string; cause: string | null }>(
    'select id, kind, state, cause from operation where finished_at is null',
  );
  const requests = database.prepare<[], { id: number }>('select id from request where ended_at is null');
  const bars = database.prepare<[], { board: string; kind: BarKind }>('select board, kind from bar');
  const clock = database.prepare<[], number>('select ms from test_clock').pluck();
  const stepClock = database.prepare<[number]>('update test_clock set ms = ms + ?');

  function randomWant(): Want {
    const kind = random.below(10);
    const some = random.chance(0.3) ? [random.pick(labels)] : [];
    if (kind < 7) return { class: random.pick(classes), labels: some };
    if (kind < 8) return { board: random.pick(handles), labels: [] };
    return { labels: some };
  }

  function ask() {
    const count = random.weighted({ 1: 7, 2: 2, 3: 1 });
    return store.ask({
      user: random.pick(users),
      wants: Array.from({ length: Number(count) }, randomWant),
      leaseMs: random.pick([1000, 10_000, 60_000, 1_800_000]),
      power: 'off',
      priority: random.pick([0, 0, 0, 1, 5]),
      waits: random.chance(0.7),
      ...(random.chance(0.3) ? { waitMs: random.pick([1000, 60_000]) } : {}),
      ...(random.chance(0.2) ? { graceMs: 5000 } : {}),
      keys: [],
      limits,
    });
  }

  /** Ends an operation that somebody began, as it might end. */
  async function finish() {
    const running = operations.all();
    if (running.length === 0) return;
    const { id, kind, state, cause } = random.pick(running);
    const isWell = random.chance(0.88);
    if (kind === 'claim' && !isWell && state === 'running') {
      await store.markUndoing(id, error);
      if (random.chance(0.5)) return;
    }
    await store.finishOperation(id, resultOf(kind, isWell && state === 'running', cause));
  }

  function resultOf(kind: string, isWell: boolean, cause: string | null): OperationResult {
    const dirty = [{ kind: 'dirty', reason: 'not clean' }] as const;
    if (kind === 'release') {
      if (!isWell) return { state: 'failed', error, setBars: dirty };
      const endReason = cause === 'expired' || cause === 'disconnected' ? cause : 'released';
      return { state: 'done', endReason, liftBars: ['dirty'], checkAfterClaims: 9 };
    }
    if (kind === 'check') {
      if (isWell) return { state: 'done', endReason: 'checked', liftBars: ['check-due', 'health'] };
      return { state: 'failed', error, endReason: 'checked', setBars: [{ kind: 'health', reason: 'no prompt' }] };
    }
    if (isWell) return { state: 'done' };
    if (kind === 'reinit') return { state: 'failed', error };
    return { state: 'failed', error, endReason: 'failed', ...(random.chance(0.3) ? { setBars: dirty } : {}) };
  }

  async function onClaim(change: (claim: ClaimRow) => Promise<unknown>) {
    const live = claims.all();
    if (live.length > 0) await change(random.pick(live));
  }

  async function expire() {
    const nowMs = clock.get() ?? 0;
    for (const { board, epoch, awayUntilMs, expiresAtMs } of await store.listExpired()) {
      const cause = awayUntilMs !== undefined && awayUntilMs < expiresAtMs ? causes.disconnected : causes.expired;
      // One whose release runs already: that is refused, and the next one's turn.
      await store.beginOperation({ kind: 'release', board, epoch, actor: 'system', cause }).catch(refuseOrThrow);
    }
    return nowMs;
  }

  const changes: Record<keyof typeof keeper, () => Promise<unknown>> = {
    ask,
    finish,
    expire,
    async cancel() {
      const waiting = requests.all();
      if (waiting.length > 0) await store.endRequest(random.pick(waiting).id, 'cancelled', random.pick(users));
    },
    release: () =>
      onClaim(({ board, epoch, user }) => {
        const actor = user === 'system' || random.chance(0.1) ? admin : user;
        return store.beginOperation({ kind: 'release', board, epoch, actor });
      }),
    reinit: () =>
      onClaim(({ board, epoch, user }) => store.beginOperation({ kind: 'reinit', board, epoch, actor: user })),
    stale: () =>
      onClaim(({ board, epoch, user }) =>
        store.beginOperation({ kind: 'release', board, epoch: epoch - 1, actor: user }),
      ),
    extend: () =>
      onClaim(({ board, epoch, user }) => {
        const isAdmin = random.chance(0.5);
        const leaseMs = random.pick([100, 5000, 60_000, 3_600_000, mostLeaseMs, 2 * mostLeaseMs]);
        const actor = isAdmin ? admin : user;
        return store.extend({ board, epoch, actor, leaseMs, mostMs: mostLeaseMs, yieldsToWaiters: !isAdmin });
      }),
    share: () =>
      onClaim(({ board, epoch, user }) => {
        const handover = { board, epoch, actor: user, user: random.pick(users) };
        return random.chance(0.6) ? store.share(handover) : store.unshare(handover);
      }),
    transfer: () =>
      onClaim(async ({ board, epoch, user }) => {
        if (user !== 'system') await store.transfer({ board, epoch, actor: user, user: random.pick(users), limits });
      }),
    away: () =>
      onClaim(async ({ board, epoch, grace }) => {
        if (grace !== null) await (random.chance(0.5) ? store.markAway(board, epoch) : store.markBack(board, epoch));
      }),
    bar: () => {
      const kind = random.pick(['offline', 'health', 'check-due'] as const);
      return store.setBar({ board: random.pick(handles), kind, reason: 'why not', actor: admin });
    },
    window() {
      const startsAtMs = (clock.get() ?? 0) + random.pick([0, 1000, 30_000, 600_000]);
      const endsAtMs = startsAtMs + random.pick([1000, 60_000]);
      const board = random.pick(handles);
      return store.setBar({ board, kind: 'maintenance', reason: 'new fan', actor: admin, startsAtMs, endsAtMs });
    },
    async unbar() {
      const set = bars.all();
      if (set.length === 0) return;
      const { board, kind } = random.pick(set);
      await store.liftBar(board, kind, admin);
    },
    check: () => store.beginCheck({ board: random.pick(handles), leaseMs: 30_000, actor: 'system' }),
    settle: () => store.settle(),
    async 'clock step'() {
      stepClock.run(random.chance(0.02) ? 600_000 : random.pick([1, 50, 500, 3000]));
    },
    async 'set clock'() {
      const byMs = random.pick([-3_600_000, -20_000, 20_000, 3_600_000]);
      stepClock.run(byMs);
      await store.shiftLeases(byMs);
    },
    spare: () => store.spareLeases(random.pick([1000, 60_000])),
    'all away': () => store.markAllAway(),
    async orphans() {
      for (const { board, epoch } of await store.listOrphans()) {
        const begin = { kind: 'release', board, epoch, actor: 'system', cause: causes.orphan } as const;
        await store.beginOperation(begin).catch(refuseOrThrow);
      }
    },
    /** lab.yaml without one of the boards, or with another label, or as it was. */
    reload() {
      const other = random.below(boards.length * 2);
      const named = boards.filter((_, index) => index !== other);
      const [first] = boards;
      const changed = random.chance(0.3) && first ? [makeBoard(first.handle, ['emmc']), ...named.slice(1)] : named;
      return store.syncLab(classes, changed);
    },
  };

  return change => {
    const name = random.weighted(weights as Record<keyof typeof keeper, number>);
    change.name = name;
    return changes[name]();
  };
}

/** What was refused is no change. What else went wrong is the caller's to judge. */
function refuseOrThrow(cause: unknown): void {
  const code = (cause as { code?: string }).code;
  if (code !== 'busy' && code !== 'denied') throw cause;
}
