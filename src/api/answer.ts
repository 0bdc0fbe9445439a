import { type ErrorMessage, isErrorCode, LabError } from '../lab/error.ts';
import type { Answer } from './exchange.ts';
import type { OperationEvent } from './messages.ts';

/** Answers are read here by hand, and not with zod: this is on the way of every `labcli`, which must start fast. */

const answerLimit = 64 * 1024 * 1024;

/** The whole body, as JSON. Throws `LabError('unreachable')` when it is cut off. */
export async function readJson({ headers, body }: Answer): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > answerLimit) throw new LabError('bug', "labd's answer is too long");
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof LabError ? error : cutOff(error);
  }
  if (size < Number(headers.get('content-length') ?? 0)) throw cutOff();
  return parse(Buffer.concat(chunks).toString());
}

/** The error that an answer of status 400 and above carries. */
export async function readError(answer: Answer): Promise<LabError> {
  const body = (await readJson(answer)) as { error?: unknown } | null;
  if (isErrorMessage(body?.error)) return LabError.fromMessage(body.error);
  return new LabError('bug', `labd answered with status ${answer.status} and no reason`);
}

/** One JSON object a line, up to the end of the connection or its break. A line that is cut off is not given. */
export async function* readLines({ body }: Answer): AsyncGenerator<unknown> {
  body.setEncoding('utf8');
  let rest = '';
  try {
    for await (const chunk of body as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > answerLimit) throw new LabError('bug', "labd's answer is too long");
      for (const line of lines) if (line !== '') yield parse(line);
    }
  } catch (error) {
    if (error instanceof LabError) throw error;
  }
}

function cutOff(cause?: unknown): LabError {
  const hint = '`labcli status` tells what is so now';
  return new LabError('unreachable', 'the connection to labd broke', { hint, cause });
}

export function isOperationEvent(message: unknown): message is OperationEvent {
  if (typeof message !== 'object' || message === null || !('event' in message)) return false;
  const fields = message as Readonly<Record<string, unknown>>;
  switch (fields.event) {
    case 'request':
      return typeof fields.id === 'number';
    case 'waiting':
      return typeof fields.position === 'number' && Array.isArray(fields.holders);
    case 'operation':
      return typeof fields.id === 'number' && typeof fields.board === 'string';
    case 'step':
      return typeof fields.step === 'string' && typeof fields.elapsedMs === 'number';
    case 'ended':
      return typeof fields.board === 'string';
    case 'error':
      return isErrorMessage(fields.error);
    default:
      return fields.event === 'done' && Array.isArray(fields.claims);
  }
}

function isErrorMessage(message: unknown): message is ErrorMessage {
  if (typeof message !== 'object' || message === null) return false;
  const { code, message: text } = message as Readonly<Record<string, unknown>>;
  return typeof code === 'string' && isErrorCode(code) && typeof text === 'string';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LabError('bug', "labd's answer is not JSON", { cause: error });
  }
}
