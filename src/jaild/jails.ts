import { existsSync, readdirSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { ExportsRequest, JailEvent, JailRequest, ObservedJail } from '../api/jail-messages.ts';
import type { JailLimits, LabConfig } from '../config/lab-config.ts';
import { LabError } from '../lab/error.ts';
import { systemActor } from '../lab/operation.ts';
import type { Bases } from './bases.ts';
import { createBoardQueue } from './board-queue.ts';
import { cgroupExists } from './cgroup.ts';
import type { EpochFence } from './epoch-fence.ts';
import { keepExports, pathOf } from './file-server-exports.ts';
import { followClaim } from './follow-claim.ts';
import type { HostAuthority } from './host-authority.ts';
import { interfaceExists } from './interfaces.ts';
import { type JailSpec, jailsDirectory, layOutJail, uplinkInterface, wireInterface } from './jail-layout.ts';
import { type JailRecord, readRecord, writeRecord } from './jail-record.ts';
import type { Limiter } from './limiter.ts';
import type { JailClaim, Part, PartName, PartState } from './part.ts';
import { createParts } from './parts/jail-parts.ts';
import { buildOrder, planBuild, removalOrder, restrictOrder } from './plan.ts';
import { runInOrder } from './run-in-order.ts';
import type { RenderTemplate } from './template.ts';

export type StepEvent = Extract<JailEvent, { event: 'step' }>;
export type ReportStep = (event: StepEvent) => void;

export interface Jails {
  /** The board's jail if there is a trace of it; without a board every such jail, also of boards that lab.yaml no longer has. */
  inspect(board?: string): Promise<ObservedJail[]>;
  /** Makes the jail complete: creates what is missing, and makes anew what is broken. Throws `LabError`. */
  build(board: string, request: JailRequest, report: ReportStep): Promise<void>;
  /** What vouches for the host keys of all jails: a line as in a .pub file. */
  readonly authorityKey: string;
  /** Lets the jail follow its claim: who may log in, until when. Throws `LabError`. */
  renew(board: string, request: JailRequest): Promise<void>;
  /** Exports what the jail's /etc/exports says, and gives the paths. Throws `LabError`; when it is `usage`, nothing was changed. */
  applyExports(board: string, request: ExportsRequest): Promise<readonly string[]>;
  /** Removes all of the jail and makes sure that nothing is left. Throws `LabError` that names what stayed. */
  remove(board: string, epoch: number, report: ReportStep): Promise<void>;
  /**
   * lab.yaml is what it is now. Jails that are there stay as they were built, but a user's key that it has no more opens
   * none of them, and a new one does.
   */
  adopt(config: LabConfig): void;
  /** Waits for the operations that run. */
  drain(): Promise<void>;
}

export interface JailsOptions {
  readonly config: LabConfig;
  readonly fence: EpochFence;
  readonly render: RenderTemplate;
  readonly authority: HostAuthority;
  readonly limiter: Limiter;
  readonly bases: Bases;
}

export function createJails({ config: first, fence, render, authority, limiter, bases }: JailsOptions): Jails {
  let config = first;
  const queue = createBoardQueue();
  const partsOf = (spec: JailSpec) =>
    createParts(spec, { settings: config.jails, render, authority, limiter, limits: limitsOf(config, spec) });

  async function build(board: string, request: JailRequest, report: ReportStep): Promise<void> {
    const record = readRecord(board);
    const configBefore = config;
    // A jail that is there is what its claim began with, whatever lab.yaml says since.
    const spec = record?.epoch === request.epoch ? record.spec : specOf(config, bases, board);
    if (!spec) throw unknownBoard(board);
    const claim = addLogins(config, request);
    checkUser(config, claim.user, record);
    fence.check(board, claim.epoch);
    if (record && record.epoch !== claim.epoch) {
      throw new LabError('busy', `${board} still has the jail of epoch ${record.epoch}`, { hint: 'remove it first' });
    }
    fence.pass(board, claim.epoch);
    const parts = partsOf(spec);
    const run = runSteps(parts, report);
    const plan = planBuild(parts, hasTrace(spec, limiter) ? await inspectParts(parts) : new Map());
    await run(restrictOrder(removalOrder(parts), plan.remove), part => part.remove());
    await run(restrictOrder(buildOrder(parts), plan.create), part => part.create(claim));
    const built = readRecord(board);
    if (built && (record || config !== configBefore)) follow(board, built, addLogins(config, request));
  }

  /** Whose it is, with whom it is shared and until when may have changed. */
  function renew(board: string, request: JailRequest): void {
    fence.check(board, request.epoch);
    const record = readRecord(board);
    if (record?.epoch !== request.epoch) {
      throw new LabError('not-found', `${board} has no jail of epoch ${request.epoch}`);
    }
    checkUser(config, request.user, record);
    const claim = addLogins(config, request);
    const { spec: _spec, ...known } = record;
    // labd asks often, to be sure.
    if (!isDeepStrictEqual(known, request)) follow(board, record, claim);
  }

  /** The record goes last: until then it says that there is something to do. */
  function follow(board: string, { spec }: JailRecord, claim: JailClaim): void {
    followClaim(spec, layOutJail(board), { authority, render }, claim);
    const { logins: _, ...request } = claim;
    writeRecord(board, { ...request, spec });
  }

  function followUsers(board: string): void {
    const record = readRecord(board);
    const layout = layOutJail(board);
    // One that is being built follows when it is there.
    if (!record || !existsSync(layout.hostCertificate)) return;
    followClaim(record.spec, layout, { authority, render }, addLogins(config, record));
  }

  async function exportFolders(board: string, { epoch, text }: ExportsRequest): Promise<readonly string[]> {
    fence.check(board, epoch);
    const record = readRecord(board);
    if (record?.epoch !== epoch) throw new LabError('busy', `${board} has no jail of epoch ${epoch}`);
    const exports = keepExports(record.spec, layOutJail(board), render, text);
    // nfs-ganesha 4.3 ends itself when SIGHUP tells it of exports within each other. A start takes a tenth of a second, and
    // boards that have mounted what stays exported go on.
    const server = partsOf(record.spec).find(part => part.name === 'file-server');
    await server?.remove();
    await server?.create({ ...record, logins: [] });
    return exports.map(pathOf);
  }

  async function remove(board: string, epoch: number, report: ReportStep): Promise<void> {
    const spec = readRecord(board)?.spec ?? specOf(config, bases, board);
    if (!spec) throw unknownBoard(board);
    fence.pass(board, epoch);
    const parts = partsOf(spec);
    const failure = await runSteps(parts, report)(removalOrder(parts), part => part.remove()).then(
      () => undefined,
      (error: unknown) => error,
    );
    const left = describeParts(await inspectParts(parts), state => state !== 'absent');
    if (left.length === 0 && failure === undefined) return;
    const reason = failure instanceof Error ? ` (${failure.message})` : '';
    throw new LabError('device', `${board} still has ${left.join(', ') || 'traces of its jail'}${reason}`, {
      hint: 'try again; what stays must be removed by hand on the lab host',
      cause: failure,
    });
  }

  async function inspect(board: string): Promise<ObservedJail | undefined> {
    const record = readRecord(board);
    const spec = record?.spec ?? specOf(config, bases, board);
    if (!spec) return { board, epoch: 0, state: 'partial', missing: ['directory: lab.yaml does not have the board'] };
    if (!hasTrace(spec, limiter)) return undefined;
    const states = await inspectParts(partsOf(spec));
    const missing = describeParts(states, state => state !== 'present');
    if (missing.length === states.size) return undefined;
    return { board, epoch: record?.epoch ?? 0, state: missing.length === 0 ? 'complete' : 'partial', missing };
  }

  /** lab.yaml's boards, and what earlier ones left. */
  function allHandles(): Set<string> {
    return new Set([...config.boards.map(board => board.handle), ...readdirSync(jailsDirectory)]);
  }

  return {
    async inspect(board) {
      const handles = board === undefined ? allHandles() : [board];
      const jails = await Promise.all([...handles].map(inspect));
      return jails.filter(jail => jail !== undefined);
    },
    authorityKey: authority.publicKey,
    renew: (board, request) => queue.run(board, async () => renew(board, request)),
    build: (board, request, report) =>
      queue.run(board, async () => {
        // Until the jail's record says on which base it is, nothing else does.
        const release = bases.hold(bases.current());
        await build(board, request, report).finally(release);
      }),
    applyExports: (board, request) => queue.run(board, () => exportFolders(board, request)),
    remove: (board, epoch, report) =>
      queue.run(board, async () => {
        await remove(board, epoch, report);
        void bases.removeUnused();
      }),
    adopt(next) {
      config = next;
      for (const board of allHandles()) followUsers(board);
    },
    drain: queue.drain,
  };
}

function specOf({ boards, classes, trunk }: LabConfig, bases: Bases, handle: string): JailSpec | undefined {
  const board = boards.find(each => each.handle === handle);
  if (!board) return undefined;
  const boardClass = classes.find(each => each.name === board.class);
  const nesting = boardClass?.nestedNamespaces ? { nestedNamespaces: true as const } : {};
  const setup = boardClass?.setup ? { setup: boardClass.setup } : {};
  return { board, trunk, boot: boardClass?.boot ?? null, base: bases.current(), ...nesting, ...setup };
}

/** Those of the board's class, also when they changed after the jail was built. */
function limitsOf({ classes, jails }: LabConfig, { board }: JailSpec): JailLimits {
  return classes.find(each => each.name === board.class)?.limits ?? jails.limits;
}

/**
 * The keys of lab.yaml's users come from lab.yaml; only those that a user added to the claim come with the request. Who is not in lab.yaml
 * any more has none.
 */
function addLogins({ users }: LabConfig, request: JailRequest): JailClaim {
  const { user, sharedWith = [], keys = [] } = request;
  const holder = users.find(each => each.name === user);
  const colleagues = users.filter(({ name }) => sharedWith.includes(name));
  const own = [holder, ...colleagues].flatMap(each => each?.keys ?? []);
  return { ...request, logins: [...own, ...(holder ? keys : [])] };
}

/** A claim goes on whose user is not in lab.yaml any more, but none begins. The lab's own claims are for nobody to log in. */
function checkUser({ users }: LabConfig, user: string, record: JailRecord | undefined): void {
  if (user === systemActor || user === record?.user || users.some(({ name }) => name === user)) return;
  throw new LabError('not-found', `lab.yaml has no user ${user}`);
}

function unknownBoard(board: string): LabError {
  return new LabError('not-found', `lab.yaml has no board ${board}`);
}

/** Whether there can be anything of a jail. Cheap, for it is asked for every board; a jail's folder is removed last. */
function hasTrace({ board }: JailSpec, limiter: Limiter): boolean {
  const { handle, vlan } = board;
  const { directory, userPin, netPin } = layOutJail(handle);
  return (
    [directory, userPin, netPin].some(existsSync) ||
    [handle, `${handle}.nfs`, `${handle}.key`].some(name => cgroupExists(name) || limiter.hasGroups(name)) ||
    [uplinkInterface(vlan), wireInterface(vlan)].some(interfaceExists)
  );
}

async function inspectParts(parts: readonly Part[]): Promise<Map<PartName, PartState>> {
  return new Map(await Promise.all(parts.map(async part => [part.name, await part.inspect()] as const)));
}

function describeParts(
  states: ReadonlyMap<PartName, PartState>,
  isWanted: (state: PartState['state']) => boolean,
): string[] {
  return [...states]
    .filter(([, { state }]) => isWanted(state))
    .map(([name, state]) => (state.state === 'broken' ? `${name}: ${state.reason}` : name));
}

/** Runs an action for parts in an order, and reports when each begins and ends, in ms since the operation began. */
function runSteps(parts: readonly Part[], report: ReportStep) {
  const startMs = performance.now();
  const tell = (step: PartName, state: StepEvent['state']) =>
    report({ event: 'step', step, state, elapsedMs: Math.round(performance.now() - startMs) });
  return (order: ReadonlyMap<PartName, readonly PartName[]>, action: (part: Part) => Promise<void>) =>
    runInOrder(order, async name => {
      const part = parts.find(each => each.name === name);
      if (!part) throw new LabError('bug', `a jail has no part ${name}`);
      tell(name, 'started');
      await action(part);
      tell(name, 'done');
    });
}
