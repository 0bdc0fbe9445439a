import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { LabError } from '../lab/error.ts';
import type { LabEvent } from '../lab/event.ts';
import { isOperationEvent, readError, readJson, readLines } from './answer.ts';
import { type Answer, exchange } from './exchange.ts';
import type { BaseEvent } from './jail-messages.ts';
import {
  type AdminRelease,
  type BoardList,
  type BoardRequest,
  type Calls,
  type ClaimRequest,
  type ClassList,
  consoleProtocol,
  type HistoryQuery,
  type OperationEvent,
  type PowerAnswer,
  type PowerRequest,
  proxyProtocol,
  userHeader,
} from './messages.ts';

export interface ClientOptions {
  readonly socketPath: string;
  readonly user: string;
  /** How long to wait for a labd that is only starting. */
  readonly startMs?: number;
  /** How long to look for labd again when it goes away in the middle of an operation. */
  readonly reconnectMs?: number;
  /** How long labd may be silent, but for operations and consoles. */
  readonly silenceMs?: number;
}

export type OperationRequest =
  | { readonly kind: 'claim'; readonly body: ClaimRequest }
  | { readonly kind: 'hold' | 'reinit' | 'release'; readonly body: BoardRequest }
  | { readonly kind: 'admin/release'; readonly body: AdminRelease }
  | { readonly kind: 'admin/check'; readonly body: { readonly board: string } };

/** labd as its caller sees it. Everything throws `LabError`: labd's own, or `unreachable` and `timeout`. */
export interface LabClient {
  listClasses(): Promise<ClassList>;
  listBoards(filter: { readonly isMine: boolean }): Promise<BoardList>;
  getPower(board?: string): Promise<PowerAnswer>;
  setPower(power: PowerRequest): Promise<PowerAnswer>;
  /** Any other call that ends with one answer. */
  call<Name extends keyof Calls>(name: Name, request: Calls[Name]['request']): Promise<Calls[Name]['answer']>;
  /** Events of the lab; with `follow` also those that come, and then the stream ends only when it breaks: `unreachable`. */
  tellEvents(query: HistoryQuery & { readonly follow: boolean }): AsyncGenerator<LabEvent>;
  /**
   * The operation's events, without `error`: that is thrown. When labd goes away in the middle, it goes on with the labd that
   * comes back; each step is told once. The events of a claim that lives by its connection go on after `done`.
   */
  runOperation(operation: OperationRequest): AsyncGenerator<Exclude<OperationEvent, { event: 'error' }>>;
  /** Builds a new root file system for jails to come; the events end with `done`. */
  buildJailBase(): AsyncGenerator<Exclude<BaseEvent, { event: 'error' }>>;
  /** The serial line's bytes, both ways. A terminal is told of the lease's end. */
  openConsole(board?: string, isTerminal?: boolean): Promise<Duplex>;
  /** The bytes of the jail's sshd, both ways; each way ends by itself. */
  openProxy(board?: string): Promise<Duplex>;
}

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly silenceMs?: number;
  /** How long to try again while nobody listens. */
  readonly waitMs: number;
}

const retryEveryMs = 50;
/** Nobody listens yet, or so many call at once that labd has not answered the first of them (connect(2), unix(7)). */
const passingFailures: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ECONNREFUSED', 'EAGAIN']);

export function createClient(options: ClientOptions): LabClient {
  const { socketPath, user, startMs = 3000, reconnectMs = 10_000, silenceMs = 60_000 } = options;

  async function ask<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
    const answer = await call({ method, path, ...(body && { body }), waitMs: startMs, silenceMs });
    return (await readJson(answer)) as T;
  }

  async function* runOperation({ kind, body }: OperationRequest) {
    const told = new Set<string>();
    const isHeld = kind === 'hold' || ('hold' in body && body.hold === true);
    let path: string | undefined;
    let answer = await call({ method: 'POST', path: `/v1/${kind}`, body, waitMs: startMs });
    for (;;) {
      for await (const event of readLines(answer)) {
        if (!isOperationEvent(event)) throw new LabError('bug', 'labd sent something that is not an event');
        if (event.event === 'error') throw LabError.fromMessage(event.error);
        if (event.event === 'request') path = `/v1/requests/${event.id}`;
        if (event.event === 'operation') path ??= `/v1/operations/${event.id}`;
        const key = keyOf(event);
        // A place in the queue is told again when it has changed and changed back.
        if (event.event === 'waiting' || !told.has(key)) yield event;
        told.add(key);
        if (event.event === 'done' && !isHeld) return;
        if (event.event === 'ended') return;
      }
      if (path === undefined) throw brokenConnection(`the connection to labd broke before it took up the ${kind}`);
      await sleep(retryEveryMs);
      answer = await follow(path);
    }
  }

  /** The events of an operation whose labd went away, from the labd that comes back. */
  async function follow(path: string): Promise<Answer> {
    const deadline = performance.now() + reconnectMs;
    for (;;) {
      try {
        return await call({ method: 'GET', path, waitMs: deadline - performance.now() });
      } catch (error) {
        const isOver = performance.now() > deadline;
        if (isOver || !(error instanceof LabError) || error.code !== 'unreachable') throw error;
      }
      await sleep(retryEveryMs);
    }
  }

  async function* tellEvents(query: HistoryQuery & { readonly follow: boolean }): AsyncGenerator<LabEvent> {
    const answer = await call({ method: 'GET', path: withQuery('/v1/events', { ...query }), waitMs: startMs });
    yield* readLines(answer) as AsyncGenerator<LabEvent>;
    // Whoever watches would take silence for a quiet lab.
    if (query.follow) throw brokenConnection('the connection to labd broke: no more events are told');
  }

  async function* buildJailBase() {
    const answer = await call({ method: 'POST', path: '/v1/admin/jail-base', body: {}, waitMs: startMs });
    for await (const event of readLines(answer) as AsyncGenerator<BaseEvent>) {
      if (event.event === 'error') throw LabError.fromMessage(event.error);
      yield event;
      if (event.event === 'done') return;
    }
    throw brokenConnection('the connection to labd broke; the build goes on');
  }

  async function upgrade(path: string, protocol: string): Promise<Socket> {
    const headers = { connection: 'Upgrade', upgrade: protocol };
    const { status, body } = await call({ method: 'GET', path, headers, waitMs: startMs, silenceMs });
    if (status !== 101) throw new LabError('bug', `labd did not open ${protocol}`);
    body.setTimeout(0);
    return body;
  }

  async function openProxy(board?: string): Promise<Duplex> {
    const jail = await upgrade(withQuery('/v1/proxy', { board }), proxyProtocol);
    jail.allowHalfOpen = true;
    return jail;
  }

  /** Calls labd; again and again for `waitMs` as long as nobody listens or too many call. Throws what an error answer says. */
  async function call({ waitMs, body, headers, ...rest }: Call): Promise<Answer> {
    const deadline = performance.now() + waitMs;
    const request = {
      ...rest,
      socketPath,
      headers: { ...headers, [userHeader]: user, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    };
    for (;;) {
      try {
        const answer = await exchange(request);
        if (answer.status >= 400) throw await readError(answer);
        return answer;
      } catch (error) {
        if (error instanceof LabError) throw error;
        const { code, syscall } = error as NodeJS.ErrnoException;
        if (syscall !== 'connect') throw brokenConnection('the connection to labd broke', error);
        if (!passingFailures.has(code)) throw refusedConnection(code, error);
        if (performance.now() > deadline) throw code === 'EAGAIN' ? crowdedDaemon(error) : absentDaemon(error);
      }
      await sleep(retryEveryMs);
    }
  }

  return {
    listClasses: () => ask('GET', '/v1/classes'),
    listBoards: ({ isMine }) => ask('GET', isMine ? '/v1/boards?mine=true' : '/v1/boards'),
    getPower: board => ask('GET', withQuery('/v1/power', { board })),
    setPower: power => ask('POST', '/v1/power', power),
    call(name, request) {
      const [method, path = ''] = name.split(' ');
      return method === 'POST' ? ask('POST', path, request) : ask('GET', withQuery(path, { ...request }));
    },
    tellEvents,
    buildJailBase,
    runOperation,
    openConsole: (board, isTerminal) =>
      upgrade(withQuery('/v1/console', { board, terminal: isTerminal ? true : undefined }), consoleProtocol),
    openProxy,
  };
}

// node:timers/promises would be one more module to load in each start of labcli.
function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}

function withQuery(path: string, query: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = fields.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&');
  return text === '' ? path : `${path}?${text}`;
}

/** What an event that is told again has in common with its first telling. */
function keyOf(event: OperationEvent): string {
  switch (event.event) {
    case 'step':
      return `${event.board} ${event.step} ${event.state}`;
    case 'operation':
      return `operation ${event.id}`;
    default:
      return event.event;
  }
}

function absentDaemon(cause: unknown): LabError {
  const hint = "labd may be starting or stopped: try again in a moment, or tell the lab's admin";
  return new LabError('unreachable', "the lab's daemon (labd) is not there", { hint, cause });
}

function crowdedDaemon(cause: unknown): LabError {
  const hint = 'try again in a moment';
  return new LabError('unreachable', "too many call the lab's daemon (labd) at once", { hint, cause });
}

function refusedConnection(code: string | undefined, cause: unknown): LabError {
  const hint = "tell the lab's admin: the account of labcli must be in the group of labd's socket";
  return new LabError('unreachable', `the lab's daemon (labd) cannot be called: ${code}`, { hint, cause });
}

function brokenConnection(message: string, cause?: unknown): LabError {
  return new LabError('unreachable', message, { hint: '`labcli status` tells what is so now', cause });
}
