/** What ought to be the case on one board, as the store says. */
export interface DesiredBoard {
  readonly board: string;
  /** The epoch of the claim whose jail, sockets and console there ought to be; without one, none of them. */
  readonly epoch?: number;
  /** The newest epoch of the board: in its name leftovers are removed. */
  readonly fence: number;
  /** `any` leaves the board's power as it is. */
  readonly power: 'on' | 'off' | 'any';
}

/** What is the case, as jaild, the drivers and this process say. The epochs are of the claims that the parts were made for. */
export interface ObservedBoard {
  readonly jail: ObservedJailState;
  readonly socketsEpoch?: number;
  readonly consoleEpoch?: number;
  readonly power: 'on' | 'off' | 'unknown';
}

/** `unknown`: assume the worst, that there is something left. */
export type ObservedJailState = 'absent' | 'unknown' | { readonly epoch: number; readonly isComplete: boolean };

/** Each step's name with its arguments. Each can be done again without harm. */
interface StepArguments {
  'close-console': { readonly board: string };
  'close-sockets': { readonly board: string };
  /** Done when the switch itself says that the port is off. */
  'power-off': { readonly board: string };
  /** Done when jaild has verified that nothing of the jail is left. */
  'remove-jail': { readonly board: string; readonly epoch: number };
  'open-sockets': { readonly board: string; readonly epoch: number };
  'build-jail': { readonly board: string; readonly epoch: number };
  'open-console': { readonly board: string; readonly epoch: number };
  /** Done when the switch itself says that the port is on. */
  'power-on': { readonly board: string };
}

export type StepName = keyof StepArguments;
export type Step = { readonly [N in StepName]: { readonly step: N } & StepArguments[N] }[StepName];

/**
 * The steps from what is to what ought to be, in an order that is safe to stop after any of them: what gives access ends
 * first, the board is without power before its jail goes away or comes, and gets power last.
 */
export function plan(desired: DesiredBoard, observed: ObservedBoard): Step[] {
  const { board, epoch, fence } = desired;
  const { jail } = observed;
  const isOurs = typeof jail === 'object' && jail.epoch === epoch;
  const mustRemove = jail !== 'absent' && !isOurs;
  const mustBuild = epoch !== undefined && !(isOurs && jail.isComplete);
  const isChanging = mustRemove || mustBuild;
  const mustPowerOff = observed.power !== 'off' && (desired.power === 'off' || (desired.power === 'on' && isChanging));
  const steps: Step[] = [];

  if (observed.consoleEpoch !== undefined && observed.consoleEpoch !== epoch) {
    steps.push({ step: 'close-console', board });
  }
  if (observed.socketsEpoch !== undefined && observed.socketsEpoch !== epoch) {
    steps.push({ step: 'close-sockets', board });
  }
  if (mustPowerOff) steps.push({ step: 'power-off', board });
  if (mustRemove) {
    const observedEpoch = typeof jail === 'object' ? jail.epoch : 0;
    // The epoch of a board that was never claimed is 0, and nothing is done in its name.
    steps.push({ step: 'remove-jail', board, epoch: Math.max(fence, observedEpoch, 1) });
  }
  if (epoch === undefined) return steps;

  if (observed.socketsEpoch !== epoch) steps.push({ step: 'open-sockets', board, epoch });
  if (mustBuild) steps.push({ step: 'build-jail', board, epoch });
  if (observed.consoleEpoch !== epoch) steps.push({ step: 'open-console', board, epoch });
  if (desired.power === 'on' && (mustPowerOff || observed.power !== 'on')) steps.push({ step: 'power-on', board });
  return steps;
}

/** What is the case after a step was done. */
export function applyStep(observed: ObservedBoard, step: Step): ObservedBoard {
  const { socketsEpoch: _sockets, ...withoutSockets } = observed;
  const { consoleEpoch: _console, ...withoutConsole } = observed;
  switch (step.step) {
    case 'close-console':
      return withoutConsole;
    case 'close-sockets':
      return withoutSockets;
    case 'power-off':
      return { ...observed, power: 'off' };
    case 'power-on':
      return { ...observed, power: 'on' };
    case 'remove-jail':
      return { ...observed, jail: 'absent' };
    case 'build-jail':
      return { ...observed, jail: { epoch: step.epoch, isComplete: true } };
    case 'open-sockets':
      return { ...observed, socketsEpoch: step.epoch };
    case 'open-console':
      return { ...observed, consoleEpoch: step.epoch };
  }
}
