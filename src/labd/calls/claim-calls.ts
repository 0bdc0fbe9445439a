import type { ClaimRequest, OperationEvent, QueueList } from '../../api/messages.ts';
import { type Identity, mayFollow } from '../../lab/access.ts';
import type { Claim } from '../../lab/claim.ts';
import { LabError } from '../../lab/error.ts';
import { describeWant } from '../../lab/want.ts';
import type { CallContext, EventStream } from './calls.ts';
import { longestWaitMs } from './gate.ts';
import { resolveWants } from './resolve-wants.ts';

/** Getting boards, and giving them back. */
export interface ClaimCalls {
  claim(identity: Identity, wish: ClaimRequest): Promise<EventStream>;
  followRequest(identity: Identity, id: number): Promise<EventStream>;
  hold(identity: Identity, board: string | undefined): Promise<EventStream>;
  listQueue(identity: Identity): Promise<QueueList>;
  cancel(identity: Identity, id: number | undefined): Promise<QueueList>;
  /** The operation is begun in the store; `run` carries it out. */
  begin(
    identity: Identity,
    kind: 'reinit' | 'release',
    board: string | undefined,
    waits: boolean,
  ): Promise<BegunOperation>;
  followOperation(identity: Identity, id: number): Promise<EventStream>;
}

export interface BegunOperation {
  readonly first: OperationEvent;
  run(): AsyncIterable<OperationEvent>;
}

function livesByConnection({ graceMs }: Pick<Claim, 'graceMs'>): boolean {
  return graceMs !== undefined;
}

export function createClaimCalls(context: CallContext): ClaimCalls {
  const { settings, store, operations, waitingRoom, absentees, holds, changes, gate, describe } = context;

  /** A request lasts as long as it is followed; a claim that lives by its connection, too. */
  function followToTheEnd(requestId: number, user: string): EventStream {
    return async function* (signal) {
      let hasLeft = true;
      let isTold = false;
      const leave = async () => {
        if (!hasLeft) return;
        hasLeft = false;
        const isOut = await store.endRequest(requestId, 'disconnected', user);
        changes.tell();
        if (isOut) return;
        if (!isTold) absentees.hasLeft(requestId);
        const claims = (await store.listClaimOperations(requestId)).map(({ claim }) => claim);
        await holds.lose(claims.filter(livesByConnection));
      };
      absentees.isBack(requestId);
      // A generator that waits is not told that its reader has left.
      signal.addEventListener('abort', () => void leave().catch(() => {}));
      for await (const event of waitingRoom.follow(requestId, signal)) {
        isTold ||= event.event === 'operation' && !signal.aborted;
        if (event.event === 'done' && event.claims.some(livesByConnection)) {
          hasLeft = signal.aborted;
          yield event;
          yield* holds.keep(event.claims, signal);
          return;
        }
        yield event;
      }
      hasLeft = false;
    };
  }

  return {
    async claim(identity, wish) {
      gate.checkUser(identity);
      if (identity.door === 'jail') throw new LabError('denied', 'a jail cannot claim boards');
      const { user } = identity;
      const { power = false, wait = false, waitMs, hold = false, keys = [] } = wish;
      const { wants, classes } = await resolveWants(wish.wants, settings, store);
      const unbootable = classes.find(({ boot }) => boot === undefined);
      if (power && unbootable) {
        const message = `${unbootable.name} has no default boot configuration, so --power cannot boot it`;
        throw new LabError('usage', message);
      }
      if (power && wants.some(want => want.class === undefined)) {
        throw new LabError('usage', `${describeWant({ labels: [] })} may have no boot configuration: name a class`);
      }
      const { requestId, granted } = await store.ask({
        user,
        wants,
        leaseMs: settings.leaseOf(user, classes, wish.leaseMs),
        power: power ? 'on' : 'off',
        priority: settings.priorityOf(user),
        waits: wait,
        ...(waitMs === undefined ? {} : { waitMs }),
        ...(hold ? { graceMs: settings.current().reservations.holdGraceMs } : {}),
        keys,
        limits: settings.limitsOf(user),
      });
      operations.startAll(granted);
      changes.tell();
      return followToTheEnd(requestId, user);
    },
    async followRequest(identity, id) {
      const request = await store.findRequest(id);
      if (!request || identity.door === 'jail' || request.user !== identity.user) {
        throw new LabError('not-found', `there is no request ${id} of yours`);
      }
      return followToTheEnd(id, request.user);
    },
    async hold(identity, board) {
      // What runs in a jail would keep it there for ever.
      if (identity.door === 'jail') throw new LabError('denied', 'a jail cannot hold its own claim');
      const { claim } = await gate.allow(identity, 'release', board);
      if (claim.graceMs === undefined) {
        throw new LabError('usage', `the claim of ${claim.board} does not live by a connection`, {
          hint: '`labcli claim --hold` makes one that does',
        });
      }
      const { board: handle, epoch } = await store.markBack(claim.board, claim.epoch);
      return async function* (signal) {
        yield { event: 'done', claims: [await describe(claim)] } as const;
        yield* holds.keep([{ board: handle, epoch }], signal);
      };
    },
    async listQueue(identity) {
      gate.checkOnHost(identity);
      return { requests: await waitingRoom.list() };
    },
    async cancel(identity, id) {
      gate.checkOnHost(identity);
      const requests = await waitingRoom.list();
      const isAdmin = identity.door === 'host' && settings.isAdmin(identity.user);
      const own = requests.filter(({ user }) => user === identity.user);
      const ended = id === undefined ? own : requests.filter(request => request.id === id);
      if (ended.length === 0) {
        throw new LabError('not-found', id === undefined ? 'you wait for nothing' : `there is no request ${id}`);
      }
      for (const request of ended) {
        const isOwn = request.user === identity.user;
        if (!isOwn && !isAdmin) throw new LabError('denied', `request ${request.id} is ${request.user}'s`);
        await store.endRequest(request.id, isOwn ? 'cancelled' : 'removed by an admin', identity.user);
      }
      changes.tell();
      return { requests: ended };
    },
    async begin(identity, kind, board, waits) {
      const deadline = performance.now() + longestWaitMs;
      for (;;) {
        // Before the look, or an end between the two would be missed.
        const changed = waits ? changes.wait(AbortSignal.timeout(longestWaitMs)) : undefined;
        const { claim, record } = await gate.allow(identity, kind, board);
        if (changed && record.operation && performance.now() < deadline) {
          await changed;
          continue;
        }
        const begin = { kind, board: claim.board, epoch: claim.epoch, actor: identity.user };
        // Whoever is root in the jail speaks for the claim, whosever it is.
        const holder = identity.door === 'jail' ? {} : { holder: identity.user };
        const operation = await store.beginOperation({ ...begin, ...holder });
        const first = { event: 'operation', id: operation.id, kind, board: claim.board } as const;
        return {
          first,
          run() {
            operations.start(operation);
            return operations.follow(operation);
          },
        };
      }
    },
    async followOperation(identity, id) {
      const operation = await store.findOperation(id);
      const isAdmin = identity.door === 'host' && settings.isAdmin(identity.user);
      if (!operation || !(isAdmin || mayFollow(identity, operation.claim))) {
        throw new LabError('not-found', `there is no operation ${id} of yours`);
      }
      return () => operations.follow(operation);
    },
  };
}
