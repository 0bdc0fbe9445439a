/**
 * Power of one board. `on` and `off` come back only when the device itself says that the state is reached: "accepted" is
 * not "on". All throw `LabError('device')` when the device refuses, does not answer in time, or does not do what it accepted,
 * and stop with the abort's error when the signal is aborted.
 */
export interface Power {
  on(signal: AbortSignal): Promise<void>;
  off(signal: AbortSignal): Promise<void>;
  isOn(signal: AbortSignal): Promise<boolean>;
}
