import type { PowerAction, PowerState } from '../api/messages.ts';
import { cyclePower } from '../drivers/power/cycle-power.ts';
import type { Power } from '../drivers/power/power.ts';
import type { Board } from '../lab/board.ts';
import { LabError } from '../lab/error.ts';

/** Power of all boards, with the state that each switch last told: asking for that never waits for a switch. */
export interface BoardPower {
  lastKnown(board: string): PowerState;
  read(board: Board): Promise<PowerState>;
  act(board: Board, action: PowerAction): Promise<PowerState>;
  /** Reads the boards' states anew, switches side by side. A switch that does not answer is not asked again in this round. */
  refresh(boards: readonly Board[]): Promise<void>;
}

/** Longer than any power cycle, settling included. */
const actionTimeoutMs = 60_000;

export function createBoardPower(powerOf: (board: Board) => Power, offTimeMsOf: (board: Board) => number): BoardPower {
  const states = new Map<string, PowerState>();
  /** Counts what was begun on each board, so that a slow answer does not cover a newer one. */
  const begun = new Map<string, number>();

  async function track(board: Board, action: (power: Power, signal: AbortSignal) => Promise<PowerState>) {
    const turn = (begun.get(board.handle) ?? 0) + 1;
    begun.set(board.handle, turn);
    const tell = (state: PowerState) => {
      if (begun.get(board.handle) === turn) states.set(board.handle, state);
    };
    try {
      const state = await inTime(signal => action(powerOf(board), signal));
      tell(state);
      return state;
    } catch (error) {
      tell('unknown');
      throw error;
    }
  }

  const read = (board: Board) => track(board, async (power, signal) => ((await power.isOn(signal)) ? 'on' : 'off'));

  async function refreshSwitch(boards: readonly Board[]): Promise<void> {
    for (const [index, board] of boards.entries()) {
      try {
        await read(board);
      } catch {
        for (const { handle } of boards.slice(index)) states.set(handle, 'unknown');
        return;
      }
    }
  }

  return {
    lastKnown: board => states.get(board) ?? 'unknown',
    read,
    act: (board, action) =>
      track(board, async (power, signal) => {
        if (action === 'off') await power.off(signal);
        if (action === 'on') await power.on(signal);
        if (action === 'cycle') await cyclePower(power, offTimeMsOf(board), signal);
        return action === 'off' ? 'off' : 'on';
      }),
    async refresh(boards) {
      const bySwitch = Map.groupBy(boards, board => board.poePort.switch);
      await Promise.all([...bySwitch.values()].map(refreshSwitch));
    },
  };
}

/** A driver that does not heed its signal must not hold the board for ever. */
async function inTime(action: (signal: AbortSignal) => Promise<PowerState>): Promise<PowerState> {
  const abort = new AbortController();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    abort.abort();
    late.reject(new LabError('device', `the switch is not done after ${actionTimeoutMs / 1000} s`));
  }, actionTimeoutMs);
  try {
    return await Promise.race([action(abort.signal), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
