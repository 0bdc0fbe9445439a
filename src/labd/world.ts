import pLimit from 'p-limit';
import type { Board } from '../lab/board.ts';
import type { Claim } from '../lab/claim.ts';
import { LabError } from '../lab/error.ts';
import type { ObservedBoard, ObservedJailState, Step } from '../lab/plan.ts';
import type { BoardPower } from './board-power.ts';
import type { Consoles } from './consoles.ts';
import type { JailDoors } from './jail-doors.ts';
import type { Jails } from './jails.ts';

/** What is the case, and the only hand that changes it: one step at a time, as the plan says. */
export interface World {
  observe(board: string): Promise<ObservedBoard>;
  /** What is the case on every board that has a trace of a jail, sockets or console. */
  observeAll(boards: readonly string[]): Promise<ReadonlyMap<string, ObservedBoard>>;
  perform(step: Step, board: Board, claim: Claim): Promise<void>;
}

/** jaild's work is bounded, so that a morning's rush does not slow each other down; a hung switch is not in this bound. */
const mostJailsAtOnce = 8;
const jailTimeoutMs = 60_000;

export function createWorld(options: {
  readonly jails: Jails;
  readonly power: BoardPower;
  readonly consoles: Consoles;
  readonly doors: JailDoors;
}): World {
  const { jails, power, consoles, doors } = options;
  const limit = pLimit(mostJailsAtOnce);
  const inTime = () => AbortSignal.timeout(jailTimeoutMs);

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

  async function observeAll(boards: readonly string[]): Promise<Map<string, ObservedBoard>> {
    const found = new Map((await jails.inspect(inTime())).map(jail => [jail.board, jail]));
    return new Map(
      boards.map(board => {
        const jail = found.get(board);
        const state = jail ? { epoch: jail.epoch, isComplete: jail.state === 'complete' } : 'absent';
        return [board, observedOf(board, state)];
      }),
    );
  }

  return {
    observeAll,
    async observe(board) {
      const observed = (await observeAll([board])).get(board);
      if (!observed) throw new LabError('bug', `${board} was not observed`);
      return observed;
    },
    async perform(step, board, claim) {
      switch (step.step) {
        case 'close-console':
          return consoles.close(board.handle);
        case 'close-sockets':
          return doors.close(board.handle);
        case 'power-off':
          await power.act(board, 'off');
          return;
        case 'power-on':
          await power.act(board, 'on');
          return;
        case 'remove-jail':
          return limit(() => jails.remove(board.handle, step.epoch, inTime()));
        case 'build-jail':
          return limit(() => jails.build(claim, inTime()));
        case 'open-sockets':
          return doors.open(claim);
        case 'open-console':
          return consoles.open(board, step.epoch);
      }
    },
  };
}
