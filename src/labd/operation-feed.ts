import type { OperationEvent } from '../api/messages.ts';

/** What operations have to tell, from their first event on, for whoever asks while they run or shortly after. */
export interface OperationFeed {
  open(operationId: number, first: OperationEvent): void;
  /** `done` and `error` are an operation's last event. */
  tell(operationId: number, event: OperationEvent): void;
  /** `undefined` for an operation that this daemon has not run, or that ended long ago. */
  follow(operationId: number): AsyncIterable<OperationEvent> | undefined;
}

interface Channel {
  readonly events: OperationEvent[];
  wake: PromiseWithResolvers<void>;
}

const keepMs = 60_000;

export function createOperationFeed(): OperationFeed {
  const channels = new Map<number, Channel>();

  async function* read(channel: Channel): AsyncGenerator<OperationEvent> {
    for (let next = 0; ; ) {
      const event = channel.events[next];
      if (event === undefined) {
        await channel.wake.promise;
        continue;
      }
      yield event;
      if (isLast(event)) return;
      next += 1;
    }
  }

  function tell(operationId: number, event: OperationEvent): void {
    const channel = channels.get(operationId);
    if (!channel) return;
    channel.events.push(event);
    channel.wake.resolve();
    channel.wake = Promise.withResolvers();
    if (isLast(event)) setTimeout(() => channels.delete(operationId), keepMs).unref();
  }

  return {
    open(operationId, first) {
      channels.set(operationId, { events: [first], wake: Promise.withResolvers() });
    },
    tell,
    follow(operationId) {
      const channel = channels.get(operationId);
      return channel && read(channel);
    },
  };
}

function isLast({ event }: OperationEvent): boolean {
  return event === 'done' || event === 'error';
}
