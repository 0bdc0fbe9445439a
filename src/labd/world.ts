import pLimit from 'p-limit';
import type { ObservedJail } from '../api/jail-messages.ts';
import type { Switch } from '../drivers/switch/switch.ts';
import type { Board } from '../lab/board.ts';
import type { Claim } from '../lab/claim.ts';
import { LabError } from '../lab/error.ts';
import type { ObservedBoard, ObservedJailState, Step } from '../lab/plan.ts';
import { createBoardLock } from './board-lock.ts';
import type { BoardPower } from './board-power.ts';
import { checkWire } from './check-wire.ts';
import type { Consoles } from './consoles.ts';
import type { JailDoors } from './jail-doors.ts';
import type { Jails } from './jails.ts';
import type { Proxies } from './proxies.ts';

/** What is the case, and the only hand that changes it: one step at a time, as the plan says. */
export interface World {
  observe(board: string): Promise<ObservedBoard>;
  /** What is the case on every board that has a trace of a jail, sockets or console. */
  observeAll(boards: readonly string[]): Promise<ReadonlyMap<string, ObservedBoard>>;
  perform(step: Step, board: Board, claim: Claim): Promise<void>;
  /** Lets the jail follow its claim, as the store has it: who may log in, until when. Does nothing when the claim is over. */
  renew(claim: Claim): Promise<void>;
}

/** jaild's work is bounded, so that a morning's rush does not slow each other down; a hung switch is not in this bound. */
const mostJailsAtOnce = 8;
const jailTimeoutMs = 60_000;

export function createWorld(options: {
  readonly jails: Jails;
  readonly power: BoardPower;
  readonly consoles: Consoles;
  readonly proxies: Proxies;
  readonly doors: JailDoors;
  readonly switchOf: (board: Board) => Switch | undefined;
  /** The board's live claim. */
  readonly claimOf: (board: string) => Promise<Claim | undefined>;
  /** How much longer than usual the set-up of the board's class may take. */
  readonly setupMsOf: (board: Board) => number;
}): World {
  const { jails, power, consoles, proxies, doors, switchOf, claimOf, setupMsOf } = options;
  const limit = pLimit(mostJailsAtOnce);
  const inTime = (moreMs = 0) => AbortSignal.timeout(jailTimeoutMs + moreMs);

  const turns = createBoardLock();

  /**
   * Tells jaild of a claim as it is when jaild can hear it, one after another: what was read before others had their turn could bring
   * back a former holder or a shorter lease.
   */
  function tellJaild(claim: Claim, tell: (current: Claim) => Promise<void>, isNeeded: boolean): Promise<void> {
    return turns.run(claim.board, () =>
      limit(async () => {
        const current = await claimOf(claim.board);
        if (current?.epoch === claim.epoch) return tell(current);
        // jaild refuses an epoch that is over.
        if (isNeeded) return tell(claim);
      }),
    );
  }

  async function renew(claim: Claim): Promise<void> {
    doors.follow(claim);
    try {
      await jails.renew(claim, inTime());
    } catch (error) {
      // Whoever builds it then asks for the claim, too.
      if (!(error instanceof LabError) || error.code !== 'not-found') throw error;
    }
  }

  function observedOf(board: string, jail: ObservedJailState): ObservedBoard {
    const socketsEpoch = doors.epochOf(board);
    const consoleEpoch = consoles.epochOf(board);
    return {
      jail,
      power: power.lastKnown(board),
      ...(socketsEpoch === undefined ? {} : { socketsEpoch }),
      ...(consoleEpoch === undefined ? {} : { consoleEpoch }),
    };
  }

  function stateOf(jail: ObservedJail | undefined): ObservedJailState {
    return jail ? { epoch: jail.epoch, isComplete: jail.state === 'complete' } : 'absent';
  }

  return {
    async observe(board) {
      const found = await jails.inspect(board, inTime());
      return observedOf(board, stateOf(found.find(jail => jail.board === board)));
    },
    async observeAll(boards) {
      const found = new Map((await jails.inspect(undefined, inTime())).map(jail => [jail.board, jail]));
      return new Map(boards.map(board => [board, observedOf(board, stateOf(found.get(board)))]));
    },
    renew: claim => tellJaild(claim, renew, false),
    async perform(step, board, claim) {
      switch (step.step) {
        case 'close-console':
          proxies.close(board.handle);
          return consoles.close(board.handle);
        case 'close-sockets':
          proxies.close(board.handle);
          return doors.close(board.handle);
        case 'power-off':
          await power.act(board, 'off');
          return;
        case 'power-on':
          await power.act(board, 'on');
          return;
        case 'remove-jail':
          proxies.close(board.handle);
          return limit(() => jails.remove(board.handle, step.epoch, inTime()));
        case 'build-jail':
          await checkWire(board, switchOf(board));
          return tellJaild(claim, current => jails.build(current, inTime(setupMsOf(board))), true);
        case 'open-sockets':
          return doors.open(claim);
        case 'open-console':
          return consoles.open(board, step.epoch);
      }
    },
  };
}
