import { type IncomingMessage, request } from 'node:http';
import type {
  BaseEvent,
  ExportList,
  ExportsRequest,
  HostAuthorityKey,
  JailEvent,
  JailList,
  JailRequest,
} from '../api/jail-messages.ts';
import type { Claim } from '../lab/claim.ts';
import { type ErrorMessage, LabError } from '../lab/error.ts';
import type { Jails } from './jails.ts';

/** Calls jaild over its unix socket (see api/jail-messages.ts). */
export function createJaildClient(socketPath: string): Jails {
  return {
    async inspect(board, signal) {
      const path = board === undefined ? '/v1/jails' : `/v1/jails?board=${board}`;
      const answer = await send(socketPath, 'GET', path, undefined, signal);
      return ((await readJson(answer)) as JailList).jails;
    },
    async build(claim, signal) {
      const path = `/v1/jails/${claim.board}`;
      await follow(await send(socketPath, 'PUT', path, requestOf(claim), signal), signal);
    },
    async renew(claim, signal) {
      await readJson(await send(socketPath, 'POST', `/v1/jails/${claim.board}/renew`, requestOf(claim), signal));
    },
    async reload(signal) {
      await readJson(await send(socketPath, 'POST', '/v1/reload', {}, signal));
    },
    async applyExports({ board, epoch }, text, signal) {
      const body: ExportsRequest = { epoch, text };
      const answer = await send(socketPath, 'PUT', `/v1/jails/${board}/exports`, body, signal);
      return ((await readJson(answer)) as ExportList).exports;
    },
    async readHostAuthority(signal) {
      const answer = await send(socketPath, 'GET', '/v1/host-authority', undefined, signal);
      return ((await readJson(answer)) as HostAuthorityKey).publicKey;
    },
    async buildBase(signal) {
      const answer = await send(socketPath, 'POST', '/v1/base', {}, signal);
      return followBase(answer, signal);
    },
    async remove(board, epoch, signal) {
      await follow(await send(socketPath, 'DELETE', `/v1/jails/${board}?epoch=${epoch}`, undefined, signal), signal);
    },
  };
}

function requestOf({ epoch, user, expiresAtMs, sharedWith, keys }: Claim): JailRequest {
  return { epoch, user, expiresAtMs, sharedWith, keys };
}

async function send(
  socketPath: string,
  method: string,
  path: string,
  body: object | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const text = body && JSON.stringify(body);
    const headers = text === undefined ? {} : { 'content-type': 'application/json' };
    request({ socketPath, method, path, headers, agent: false, signal }, resolve).on('error', reject).end(text);
  }).catch(error => {
    signal.throwIfAborted();
    throw lost(error);
  });
  if ((answer.statusCode ?? 500) < 400) return answer;
  throw LabError.fromMessage(((await readJson(answer)) as { error: ErrorMessage }).error);
}

async function readJson(answer: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of answer) chunks.push(chunk as Buffer);
  } catch (error) {
    throw lost(error);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

/** Only the event `done` is a success: a stream that just ends, or breaks, is a jaild that was killed. */
async function follow(answer: IncomingMessage, signal: AbortSignal): Promise<void> {
  for await (const event of readEvents<JailEvent>(answer, signal)) {
    if (event.event === 'error') throw LabError.fromMessage(event.error);
    if (event.event === 'done') return;
  }
  throw lost(undefined);
}

async function* followBase(answer: IncomingMessage, signal: AbortSignal): AsyncGenerator<BaseEvent> {
  for await (const event of readEvents<BaseEvent>(answer, signal)) {
    yield event;
    if (event.event !== 'line') return;
  }
  throw lost(undefined);
}

/** One JSON object a line. (Not node:readline: it throws a break at nobody when the last line was read already.) */
async function* readEvents<Event>(answer: IncomingMessage, signal: AbortSignal): AsyncGenerator<Event> {
  answer.on('error', () => {});
  answer.setEncoding('utf8');
  let rest = '';
  try {
    for await (const chunk of answer as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield JSON.parse(line) as Event;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw lost(error);
  }
  signal.throwIfAborted();
}

function lost(cause: unknown): LabError {
  const hint = 'it may be starting: try again in a moment';
  return new LabError('unreachable', 'jaild does not answer', { hint, cause });
}
