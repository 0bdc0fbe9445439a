import type { Claim } from '../lab/claim.ts';
import type { BoardRecord, Store } from '../store/store.ts';
import type { Absentees } from './absentees.ts';
import type { BoardPower } from './board-power.ts';
import type { Health } from './health.ts';
import type { TimeKeeper } from './time-keeper.ts';
import type { WaitingRoom } from './waiting-room.ts';

/** What labd does without being asked, each thing in a round of its own. */
export interface Upkeep {
  start(): void;
  stop(): void;
}

const repairEveryMs = 5000;
const tickEveryMs = 500;
const renewEveryMs = 60_000;
const dropEveryMs = 3_600_000;
/** How long those who wait have to come back after labd went away. */
const forsakenAfterMs = 15_000;

export function createUpkeep(options: {
  readonly store: Store;
  readonly repair: (records: readonly BoardRecord[]) => Promise<void>;
  readonly power: BoardPower;
  readonly timeKeeper: TimeKeeper;
  readonly health: Health;
  readonly waitingRoom: WaitingRoom;
  readonly absentees: Absentees;
  readonly renewJail: (claim: Claim) => Promise<void>;
  readonly historyMs: () => number;
  readonly log: (text: string) => void;
}): Upkeep {
  const { store, repair, power, timeKeeper, health, waitingRoom, absentees, renewJail, historyMs, log } = options;
  const stops: (() => void)[] = [];

  /** One round after another, never two at once. */
  function every(periodMs: number, what: string, action: () => Promise<void>, firstAfterMs = 0): void {
    let isStopped = false;
    let timer: NodeJS.Timeout | undefined;
    async function round(): Promise<void> {
      await action().catch(error => log(`${what}: ${(error as Error).message}`));
      if (!isStopped) timer = setTimeout(round, periodMs);
    }
    stops.push(() => {
      isStopped = true;
      clearTimeout(timer);
    });
    timer = setTimeout(round, firstAfterMs);
  }

  async function renewJails(): Promise<void> {
    for (const { board, claim, operation } of await store.listBoards()) {
      if (!claim || operation) continue;
      await renewJail(claim).catch(error => log(`${board.handle}: its jail: ${(error as Error).message}`));
    }
  }

  return {
    start() {
      every(repairEveryMs, 'repair', async () => repair(await store.listBoards()));
      every(repairEveryMs, 'health', async () => health.beginDue(await store.listBoards()));
      every(repairEveryMs, 'power', async () => power.refresh((await store.listBoards()).map(({ board }) => board)));
      every(tickEveryMs, 'time', () => timeKeeper.tick());
      every(repairEveryMs, 'queue', () => waitingRoom.endForsaken(), forsakenAfterMs);
      every(tickEveryMs, 'absentees', () => absentees.giveBack());
      // A claim may have changed while jaild was away. Mostly jaild finds that its jail follows it already.
      every(renewEveryMs, 'jails', renewJails, renewEveryMs);
      every(dropEveryMs, 'history', async () => {
        const dropped = await store.dropHistory((await store.nowMs()) - historyMs());
        if (dropped > 0) log(`${dropped} old events were dropped`);
      });
    },
    stop() {
      for (const stop of stops) stop();
    },
  };
}
