/** Something that is asked of a device. `signal` ends it: the caller gave up, or it took too long. */
export type Request<T> = (signal: AbortSignal) => Promise<T>;

export interface RequestQueue {
  /**
   * Carries out `request` when those before it are done, and gives what it gives. One that takes longer than the time limit
   * ends with `onTimeout()`'s error; so do all that wait behind it then, for the device does not answer them either.
   */
  add<T>(request: Request<T>, signal: AbortSignal): Promise<T>;
}

interface Waiter {
  start(): Promise<void>;
  refuse(reason: unknown): void;
}

/** One request at a time for one device: many management processors lose or mix up what comes at once. */
export function createRequestQueue(timeLimitMs: number, onTimeout: () => Error): RequestQueue {
  let waiting: Waiter[] = [];
  let isBusy = false;

  async function work(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    for (let next = waiting.shift(); next; next = waiting.shift()) await next.start();
    isBusy = false;
  }

  function refuseAll(reason: unknown): void {
    const refused = waiting;
    waiting = [];
    for (const waiter of refused) waiter.refuse(reason);
  }

  return {
    add<T>(request: Request<T>, signal: AbortSignal): Promise<T> {
      signal.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      const waiter: Waiter = {
        async start() {
          const limit = AbortSignal.timeout(timeLimitMs);
          try {
            resolve(await withSignal(request, AbortSignal.any([signal, limit])));
          } catch (error) {
            const isTimeout = limit.aborted && !signal.aborted;
            reject(isTimeout ? onTimeout() : error);
            if (isTimeout) refuseAll(onTimeout());
          }
        },
        refuse: reject,
      };
      waiting.push(waiter);
      const leave = () => {
        waiting = waiting.filter(other => other !== waiter);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      const forget = () => signal.removeEventListener('abort', leave);
      promise.then(forget, forget);
      void work();
      return promise;
    },
  };
}

/** Ends with the signal's reason as soon as it is aborted, whether the request listens to it or not. */
async function withSignal<T>(request: Request<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([request(signal), promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
