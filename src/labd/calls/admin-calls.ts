import type { BaseEvent } from '../../api/jail-messages.ts';
import type { AdminBar, AdminRelease, AdminUnbar, BoardAnswer, ReloadAnswer } from '../../api/messages.ts';
import type { Identity } from '../../lab/access.ts';
import { describeBars } from '../../lab/bar.ts';
import { LabError } from '../../lab/error.ts';
import { unknownName } from '../../lab/unknown-name.ts';
import type { BoardRecord } from '../../store/store.ts';
import { summarizeBoard } from '../summaries.ts';
import type { CallContext, EventStream } from './calls.ts';
import { longestWaitMs } from './gate.ts';

/** What admins alone may do. Each is in the log of events under the admin's name. */
export interface AdminCalls {
  releaseByAdmin(identity: Identity, request: AdminRelease): Promise<EventStream>;
  bar(identity: Identity, request: AdminBar): Promise<BoardAnswer>;
  unbar(identity: Identity, request: AdminUnbar): Promise<BoardAnswer>;
  check(identity: Identity, board: string): Promise<EventStream>;
  reload(identity: Identity): Promise<ReloadAnswer>;
  /** Goes on to its end if the reader of its events leaves. */
  buildJailBase(identity: Identity): Promise<AsyncIterable<BaseEvent>>;
}

/** jaild's own limit is shorter. */
const baseTimeoutMs = 40 * 60_000;

export function createAdminCalls(context: CallContext): AdminCalls {
  const { settings, store, power, operations, waitingRoom, health, changes, gate, reload, jails } = context;

  async function findRecord(handle: string): Promise<BoardRecord> {
    const record = await store.findBoard(handle);
    if (record) return record;
    const names = await store.listHandles();
    throw unknownName(`there is no board ${handle}`, handle, { names, what: 'boards', listedBy: 'status' });
  }

  /** When nothing runs on the board any more, or after a long time. */
  async function findIdle(handle: string): Promise<BoardRecord> {
    const signal = AbortSignal.timeout(longestWaitMs);
    for (;;) {
      const changed = changes.wait(signal);
      const record = await findRecord(handle);
      if (!record.operation || signal.aborted) return record;
      await changed;
    }
  }

  async function tell(handle: string): Promise<BoardAnswer> {
    changes.tell();
    const soonMs = (await store.nowMs()) + settings.current().reservations.warnMs;
    return { board: summarizeBoard(await findRecord(handle), power.lastKnown(handle), soonMs) };
  }

  async function cancelRequestsFor(record: BoardRecord, user: string, actor: string): Promise<void> {
    for (const request of await waitingRoom.list()) {
      const couldGetIt = request.wants.some(
        want =>
          (want.board ?? record.board.handle) === record.board.handle &&
          (want.class ?? record.board.class) === record.board.class &&
          want.labels.every(label => record.board.labels.includes(label)),
      );
      if (request.user !== user || !couldGetIt) continue;
      await store.endRequest(request.id, 'removed by an admin', actor);
    }
  }

  async function* recordBase(events: AsyncIterable<BaseEvent>, actor: string): AsyncGenerator<BaseEvent> {
    for await (const event of events) {
      if (event.event === 'done') {
        await store.recordEvent({ kind: 'jail-base-built', actor, detail: { base: event.base } });
        changes.tell();
      }
      yield event;
    }
  }

  return {
    async releaseByAdmin(identity, { board, ifHolder, reason, cancelWaiting = false, wait = false }) {
      gate.checkAdmin(identity);
      const record = await (wait ? findIdle(board) : findRecord(board));
      const { claim } = record;
      if (!claim) throw new LabError('not-found', `nobody holds ${board}`);
      if (ifHolder !== undefined && claim.user !== ifHolder) {
        throw new LabError('busy', `${board} is held by ${claim.user}, not by ${ifHolder}`);
      }
      const operation = await store.beginOperation({
        kind: 'release',
        board,
        epoch: claim.epoch,
        actor: identity.user,
        ...(ifHolder === undefined ? {} : { holder: ifHolder }),
        ...(reason === undefined ? {} : { cause: reason }),
      });
      // Before it is carried out, or its end would hand the board on to them.
      if (cancelWaiting) await cancelRequestsFor(record, claim.user, identity.user);
      operations.start(operation);
      changes.tell();
      return () => operations.follow(operation);
    },
    async bar(identity, { board, kind, reason, startsAtMs, endsAtMs }) {
      gate.checkAdmin(identity);
      await findRecord(board);
      if (kind === 'maintenance' && (startsAtMs === undefined || endsAtMs === undefined)) {
        throw new LabError('usage', 'a maintenance window has a beginning and an end');
      }
      if (endsAtMs !== undefined && endsAtMs <= Math.max(startsAtMs ?? 0, await store.nowMs())) {
        throw new LabError('usage', 'the window is over before it begins');
      }
      const window = {
        ...(startsAtMs === undefined ? {} : { startsAtMs }),
        ...(endsAtMs === undefined ? {} : { endsAtMs }),
      };
      await store.setBar({ board, kind, reason, actor: identity.user, ...window });
      return tell(board);
    },
    async unbar(identity, { board, kind }) {
      gate.checkAdmin(identity);
      const record = await findRecord(board);
      let isAnyLifted = false;
      for (const each of kind === undefined ? (['offline', 'health'] as const) : [kind]) {
        const { isLifted, granted } = await store.liftBar(board, each, identity.user);
        operations.startAll(granted);
        isAnyLifted ||= isLifted;
      }
      if (!isAnyLifted) throw nothingToLift(record, kind);
      return tell(board);
    },
    async check(identity, board) {
      gate.checkAdmin(identity);
      await findRecord(board);
      const id = await health.begin(board, identity.user);
      const operation = await store.findOperation(id);
      if (!operation) throw new LabError('bug', `operation ${id} is gone`);
      return () => operations.follow(operation);
    },
    async buildJailBase(identity) {
      gate.checkAdmin(identity);
      const { user: actor } = identity;
      const events = await jails.buildBase(AbortSignal.timeout(baseTimeoutMs));
      await store.recordEvent({ kind: 'jail-base-begun', actor, detail: {} });
      return recordBase(events, actor);
    },
    async reload(identity) {
      gate.checkAdmin(identity);
      const before = new Map(
        (await store.listBoards()).map(({ board, isListed }) => [board.handle, { board, isListed }]),
      );
      await reload();
      await store.recordEvent({ kind: 'lab-reloaded', actor: identity.user, detail: {} });
      const users = new Set(settings.current().users.map(({ name }) => name));
      for (const { id, user } of await store.listQueue()) {
        if (!users.has(user)) await store.endRequest(id, 'removed by an admin', identity.user);
      }
      const after = await store.listBoards();
      changes.tell();
      const isNew = ({ board: { handle }, isListed }: BoardRecord) => isListed && !before.get(handle)?.isListed;
      const listed = new Set(after.filter(({ isListed }) => isListed).map(({ board }) => board.handle));
      return {
        added: after.filter(isNew).map(({ board }) => board.handle),
        removed: [...before]
          .filter(([handle, { isListed }]) => isListed && !listed.has(handle))
          .map(([handle]) => handle),
        kept: after.filter(({ isListed, claim }) => !isListed && claim).map(({ board }) => board.handle),
      };
    },
  };
}

const isNot: Readonly<Record<AdminUnbar['kind'] & string, string>> = {
  offline: 'is not offline',
  health: 'has not failed a health check',
  maintenance: 'has no maintenance planned',
};

/** What stands although it was not asked for is told, with the way to lift it. */
function nothingToLift({ board, bars, plannedBars }: BoardRecord, kind: AdminUnbar['kind']): LabError {
  const left = [...bars, ...plannedBars];
  const sentence = kind === undefined ? 'is neither offline nor has it failed a health check' : isNot[kind];
  const hint = [
    ...(left.length > 0 ? [describeBars(left)] : []),
    ...(left.some(bar => bar.kind === 'maintenance') ? ['`--only maintenance` ends a maintenance'] : []),
    ...(left.some(bar => bar.kind === 'dirty') ? ['what is dirty is lifted by a clean-up that works'] : []),
  ];
  return new LabError('not-found', `${board.handle} ${sentence}`, hint.length > 0 ? { hint: hint.join('\n') } : {});
}
