import type { CableEnd, Listener } from './cable-end.ts';
import { createArpRequest, type Frame, readArp, tagged } from './ethernet-frame.ts';
import type { BenchWire, WireBench } from './wire-bench.ts';

/** What the boards and the jails of a bench say to each other. */

export const asks = (address: string) => (frame: Frame) => {
  const message = readArp(frame);
  return message?.operation === 'request' && message.target === address;
};

export async function makeBoth({ first, second }: WireBench): Promise<void> {
  await Promise.all([first.make(), second.make()]);
}

/** Asks the jail for its address as the board would, and gives the answer as it is on the cable. */
export async function askGateway({ cable }: WireBench, wire: BenchWire): Promise<Frame> {
  return listening([cable], async ([onCable]) => {
    const ask = () => cable.send(createArpRequest(wire.board, wire.gateway, tagged(wire.vlan)));
    await ask();
    // As any board does: a switch may lose what comes in the moment in which a port is added.
    const again = setInterval(() => void ask().catch(() => {}), 300);
    try {
      return await onCable.waitFor(`the answer of ${wire.gateway}`, frame => {
        const message = readArp(frame);
        return message?.operation === 'reply' && message.sender === wire.gateway;
      });
    } finally {
      clearInterval(again);
    }
  });
}

export async function listening<Ends extends readonly CableEnd[], Result>(
  ends: [...Ends],
  act: (listeners: { [Index in keyof Ends]: Listener }) => Promise<Result>,
): Promise<Result> {
  const listeners = await Promise.all(ends.map(end => end.listen()));
  try {
    return await act(listeners as { [Index in keyof Ends]: Listener });
  } finally {
    await Promise.all(listeners.map(listener => listener.stop()));
  }
}
