import pLimit from 'p-limit';
import type { ObservedJail } from '../api/jail-messages.ts';
import type { Switch } from '../drivers/switch/switch.ts';
import type { Board } from '../lab/board.ts';
import type { Claim } from '../lab/claim.ts';
import type { ObservedBoard, ObservedJailState, Step } from '../lab/plan.ts';
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
  /** Lets the jail follow its claim: who may log in, until when. */
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
  /** How much longer than usual the set-up of the board's class may take. */
  readonly setupMsOf: (board: Board) => number;
}): World {
  const { jails, power, consoles, proxies, doors, switchOf, setupMsOf } = options;
  const limit = pLimit(mostJailsAtOnce);
  const inTime = (moreMs = 0) => AbortSignal.timeout(jailTimeoutMs + moreMs);

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
    renew: claim => limit(() => jails.renew(claim, inTime())),
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
          return limit(() => jails.build(claim, inTime(setupMsOf(board))));
        case 'open-sockets':
          return doors.open(claim);
        case 'open-console':
          return consoles.open(board, step.epoch);
      }
    },
  };
}
