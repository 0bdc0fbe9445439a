import type { Duplex } from 'node:stream';
import type {
  BoardList,
  ClaimedBoard,
  ClaimRequest,
  ClassList,
  OperationEvent,
  PowerAction,
  PowerAnswer,
} from '../api/messages.ts';
import type { LabConfig } from '../config/lab-config.ts';
import { authorize, type BoardAction, type Identity, mayFollow } from '../lab/access.ts';
import type { Claim } from '../lab/claim.ts';
import { LabError } from '../lab/error.ts';
import type { Operation } from '../lab/operation.ts';
import type { BoardRecord, Store } from '../store/store.ts';
import type { BoardLock } from './board-lock.ts';
import type { BoardPower } from './board-power.ts';
import type { Consoles } from './consoles.ts';
import type { OperationFeed } from './operation-feed.ts';
import { lastEventOf, type Operations } from './operations.ts';
import { summarizeBoard, summarizeClasses } from './summaries.ts';

/** What can be asked of labd, by someone whose identity is known. Each throws `LabError`. */
export interface Calls {
  listClasses(): Promise<ClassList>;
  listBoards(identity: Identity, isMine: boolean): Promise<BoardList>;
  claim(identity: Identity, wish: Required<ClaimRequest>): Promise<AsyncIterable<OperationEvent>>;
  /** The operation is begun in the store; `run` carries it out. */
  begin(identity: Identity, kind: 'reinit' | 'release', board: string | undefined): Promise<BegunOperation>;
  followOperation(identity: Identity, id: number): Promise<AsyncIterable<OperationEvent>>;
  readPower(identity: Identity, board: string | undefined): Promise<PowerAnswer>;
  setPower(identity: Identity, action: PowerAction, board: string | undefined): Promise<PowerAnswer>;
  /** Gives what connects a stream to the board's serial line. */
  openConsole(identity: Identity, board: string | undefined): Promise<(stream: Duplex) => void>;
}

export interface BegunOperation {
  readonly first: OperationEvent;
  run(): AsyncIterable<OperationEvent>;
}

export function createCalls(options: {
  readonly config: LabConfig;
  readonly store: Store;
  readonly power: BoardPower;
  readonly consoles: Consoles;
  readonly lock: BoardLock;
  readonly feed: OperationFeed;
  readonly operations: Operations;
  readonly describe: (claim: Claim) => Promise<ClaimedBoard>;
}): Calls {
  const { config, store, power, consoles, lock, feed, operations, describe } = options;

  function checkUser({ user }: Identity): void {
    if (config.users.some(({ name }) => name === user)) return;
    throw new LabError('denied', `lab.yaml has no user ${user}`);
  }

  /** The claim in whose name this identity may do this. Asked anew for each request. */
  async function allow(identity: Identity, action: BoardAction, board: string | undefined) {
    checkUser(identity);
    const records = await store.listBoards();
    const claims = records.flatMap(({ claim }) => (claim ? [claim] : []));
    const handles = records.map(record => record.board.handle);
    const claim = authorize(identity, action, board, { claims, handles, nowMs: await store.nowMs() });
    const record = records.find(candidate => candidate.board.handle === claim.board);
    if (!record) throw new LabError('bug', `${claim.board} is claimed but not there`);
    return { claim, record };
  }

  function refuseDuringOperation({ board, operation }: BoardRecord): void {
    if (operation) throw new LabError('busy', `${board.handle} is busy: its ${operation.kind} is running`);
  }

  function begun(operation: Operation): AsyncIterable<OperationEvent> {
    operations.start(operation);
    const events = feed.follow(operation.id);
    if (!events) throw new LabError('bug', `operation ${operation.id} tells nothing`);
    return events;
  }

  async function* tellEnd(operation: Operation): AsyncGenerator<OperationEvent> {
    const { id, kind, claim } = operation;
    yield { event: 'operation', id, kind, board: claim.board };
    const record = await store.findBoard(claim.board);
    const isKept = record?.claim?.epoch === claim.epoch;
    yield lastEventOf(operation, isKept ? await describe(claim) : undefined);
  }

  return {
    async listClasses() {
      return { classes: summarizeClasses(config, await store.listBoards()) };
    },
    async listBoards(identity, isMine) {
      checkUser(identity);
      const isShown = ({ board, claim }: BoardRecord) =>
        identity.door === 'jail' ? board.handle === identity.board : !isMine || claim?.user === identity.user;
      const records = (await store.listBoards()).filter(isShown);
      return { boards: records.map(record => summarizeBoard(record, power.lastKnown(record.board.handle))) };
    },
    async claim(identity, wish) {
      checkUser(identity);
      if (identity.door === 'jail') throw new LabError('denied', 'a jail cannot claim boards');
      const boardClass = config.classes.find(({ name }) => name === wish.class);
      if (!boardClass) {
        throw new LabError('not-found', `there is no class ${wish.class}`, { hint: '`labcli classes` lists them' });
      }
      if (wish.power && boardClass.boot === undefined) {
        throw new LabError('usage', `${wish.class} has no default boot configuration, so --power cannot boot it`);
      }
      const { leaseMs } = boardClass;
      const state = wish.power ? 'on' : 'off';
      return begun(await store.allocate({ class: wish.class, user: identity.user, leaseMs, power: state }));
    },
    async begin(identity, kind, board) {
      const { claim } = await allow(identity, kind, board);
      const { epoch, user } = claim;
      const operation = await store.beginOperation({ kind, board: claim.board, epoch, actor: user });
      const first = { event: 'operation', id: operation.id, kind, board: claim.board } as const;
      return { first, run: () => begun(operation) };
    },
    async followOperation(identity, id) {
      const operation = await store.findOperation(id);
      if (!operation || !mayFollow(identity, operation.claim)) {
        throw new LabError('not-found', `there is no operation ${id} of yours`);
      }
      return feed.follow(id) ?? tellEnd(operation);
    },
    async readPower(identity, board) {
      const { claim, record } = await allow(identity, 'power', board);
      return { board: claim.board, power: await power.read(record.board) };
    },
    async setPower(identity, action, board) {
      const { claim, record } = await allow(identity, 'power', board);
      refuseDuringOperation(record);
      if (lock.isHeld(claim.board)) {
        throw new LabError('busy', `${claim.board} is busy: its power is being switched, or its jail repaired`);
      }
      return lock.run(claim.board, async () => {
        // Whoever waited for their turn may have lost the board meanwhile.
        if (!(await store.isLive(claim.board, claim.epoch))) {
          throw new LabError('denied', `your claim of ${claim.board} is over`);
        }
        return { board: claim.board, power: await power.act(record.board, action) };
      });
    },
    async openConsole(identity, board) {
      const { claim, record } = await allow(identity, 'console', board);
      refuseDuringOperation(record);
      if (consoles.epochOf(claim.board) !== claim.epoch) {
        throw new LabError('device', `the serial line of ${claim.board} is not open yet`, {
          hint: 'try again in a moment',
        });
      }
      return stream => consoles.attach(claim.board, stream);
    },
  };
}
