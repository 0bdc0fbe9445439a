import type { Duplex } from 'node:stream';
import type { BoardList, ClassList, ExportAnswer, PowerAction, PowerAnswer } from '../../api/messages.ts';
import type { BoardAction, Identity } from '../../lab/access.ts';
import type { Claim } from '../../lab/claim.ts';
import { LabError } from '../../lab/error.ts';
import type { BoardRecord } from '../../store/store.ts';
import { summarizeBoard } from '../summaries.ts';
import { createTokenBucket, type TokenBucket } from '../token-bucket.ts';
import type { CallContext } from './calls.ts';
import { refuseDuringOperation } from './gate.ts';

/** Looks at boards, and hands on them. */
export interface BoardCalls {
  listClasses(): Promise<ClassList>;
  listBoards(identity: Identity, isMine: boolean): Promise<BoardList>;
  readPower(identity: Identity, board: string | undefined): Promise<PowerAnswer>;
  setPower(identity: Identity, action: PowerAction, board: string | undefined): Promise<PowerAnswer>;
  /** `text` is the jail's /etc/exports. */
  applyExports(identity: Identity, text: string, board: string | undefined): Promise<ExportAnswer>;
  /** Gives what connects a stream to the board's serial line; a terminal is told what a program is not. */
  openConsole(identity: Identity, board: string | undefined, isTerminal: boolean): Promise<(stream: Duplex) => void>;
}

const exportsTimeoutMs = 20_000;
/** Each time, jaild starts the file server anew: work of the lab host, which no limit of the jail counts. */
const exportsRate = { perSecond: 0.2, burst: 10 } as const;

export function createBoardCalls(context: CallContext): BoardCalls {
  const { settings, store, jails, power, consoles, lock, gate } = context;
  const exportsOf = new Map<string, { readonly bucket: TokenBucket; isRunning: boolean }>();
  return {
    async listClasses() {
      const counts = await store.countByClass();
      const classes = settings.current().classes.map(({ name, description }) => {
        const { boards, available } = counts.get(name) ?? { boards: 0, available: 0 };
        return { name, description, boards, available };
      });
      return { classes };
    },
    async listBoards(identity, isMine) {
      gate.checkUser(identity);
      const records = await recordsFor(identity, isMine);
      const soonMs = (await store.nowMs()) + settings.current().reservations.warnMs;
      return { boards: records.map(record => summarizeBoard(record, power.lastKnown(record.board.handle), soonMs)) };
    },
    async readPower(identity, board) {
      const { claim, record } = await gate.allow(identity, 'power', board);
      return { board: claim.board, power: await power.read(record.board) };
    },
    async setPower(identity, action, board) {
      const { claim, record } = await gate.allow(identity, 'power', board);
      const { epoch, user } = claim;
      refuseDuringOperation(record);
      if (lock.isHeld(claim.board)) {
        throw new LabError('busy', `${claim.board} is busy: its power is being switched, or its jail repaired`);
      }
      return lock.run(claim.board, async () => {
        await allowAgain(identity, 'power', claim);
        const answer = { board: claim.board, power: await power.act(record.board, action) };
        const detail = { action };
        const { user: actor } = identity;
        await store.recordEvent({ kind: 'power-switched', board: claim.board, user, actor, epoch, detail });
        return answer;
      });
    },
    async applyExports(identity, text, board) {
      const { claim, record } = await gate.allow(identity, 'exports', board);
      refuseDuringOperation(record);
      const state = exportsOf.get(claim.board) ?? {
        bucket: createTokenBucket(exportsRate, () => performance.now()),
        isRunning: false,
      };
      exportsOf.set(claim.board, state);
      // jaild does one after another, also for who has hung up: with many to do, the jail's removal would wait for them.
      if (state.isRunning) throw new LabError('busy', `exports of ${claim.board} are being applied already`);
      const waitMs = state.bucket.waitMs();
      if (waitMs > 0) {
        throw new LabError('busy', `exports of ${claim.board} were applied too often`, {
          hint: `nothing was changed; try again in ${Math.ceil(waitMs / 1000)} s`,
        });
      }
      state.bucket.take(1);
      state.isRunning = true;
      try {
        const exports = await jails.applyExports(claim, text, AbortSignal.timeout(exportsTimeoutMs));
        return { board: claim.board, exports };
      } finally {
        state.isRunning = false;
      }
    },
    async openConsole(identity, board, isTerminal) {
      const { claim, record } = await gate.allow(identity, 'console', board);
      refuseDuringOperation(record);
      if (consoles.epochOf(claim.board) !== claim.epoch) {
        throw new LabError('device', `the serial line of ${claim.board} is not open yet`, {
          hint: 'try again in a moment',
        });
      }
      return stream => {
        consoles.attach(claim.board, stream, isTerminal, identity.user);
        // The claim may have changed hands before there was a stream to be ended with it.
        allowAgain(identity, 'console', claim).catch(() => stream.destroy());
      };
    },
  };

  /** Whoever waited for their turn may have lost the board meanwhile. */
  async function allowAgain(identity: Identity, action: BoardAction, { board, epoch }: Claim): Promise<void> {
    const { claim } = await gate.allow(identity, action, board);
    if (claim.epoch !== epoch) throw new LabError('denied', `your claim of ${board} is over`);
  }

  async function recordsFor(identity: Identity, isMine: boolean): Promise<readonly BoardRecord[]> {
    if (identity.door === 'jail') {
      const record = await store.findBoard(identity.board);
      return record ? [record] : [];
    }
    if (!isMine) return store.listBoards();
    const claims = await store.listClaimsOf(identity.user);
    const records = await Promise.all(claims.map(({ board }) => store.findBoard(board)));
    return records.flatMap(record => record ?? []);
  }
}
