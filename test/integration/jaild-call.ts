import { request } from 'node:http';
import type { JailEvent } from '../../src/api/jail-messages.ts';

/** An answer of jaild: its status, and its events or what else it says. */
export interface Answer {
  readonly status: number;
  readonly events: readonly JailEvent[];
}

export function callJaild(
  socketPath: string,
  method: string,
  path: string,
  body?: object,
  onEvent: (event: JailEvent) => void = () => {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = body ? { 'content-type': 'application/json' } : {};
    const outgoing = request({ socketPath, method, path, headers }, response => {
      const events: JailEvent[] = [];
      let rest = '';
      const take = (line: string) => {
        if (line === '') return;
        const event = JSON.parse(line) as JailEvent;
        events.push(event);
        onEvent(event);
      };
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        lines.forEach(take);
      });
      response.on('end', () => {
        take(rest);
        resolve({ status: response.statusCode ?? 0, events });
      });
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body && JSON.stringify(body));
  });
}
