/**
 * Power of one board. `on` and `off` come back only when the device itself says that the state is reached: "accepted" is
 * not "on". All throw `LabError('device')` when the device refuses, `LabError('timeout')` when it does not answer.
 */
export interface Power {
  on(signal: AbortSignal): Promise<void>;
  off(signal: AbortSignal): Promise<void>;
  isOn(signal: AbortSignal): Promise<boolean>;
}
