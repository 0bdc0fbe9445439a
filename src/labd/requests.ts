import * as z from 'zod';
import { longestExports } from '../api/jail-messages.ts';
import type {
  AdminBar,
  AdminRelease,
  AdminUnbar,
  BoardRequest,
  CancelRequest,
  ClaimRequest,
  ExtendRequest,
  PowerRequest,
  ShareRequest,
} from '../api/messages.ts';
import { parsePublicKey } from '../config/public-key.ts';
import { LabError } from '../lab/error.ts';

const handle = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'this is not a board’s handle');

const className = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'this is not the name of a class');
const userName = z.string().regex(/^[a-z][a-z0-9._-]{0,31}$/, 'this is not the name of a user');
const label = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]*(=[A-Za-z0-9._-]+)?$/, 'this is not a label')
  .max(100);
/** What somebody else reads: one line, and not a novel. */
const sentence = z
  .string()
  .min(1, 'a reason has words')
  .max(500)
  .regex(/^\P{Cc}*$/u, 'a reason is one line');
const yearMs = 366 * 86_400_000;
const lengthMs = z.int().min(1000, 'this is less than a second').max(yearMs, 'this is more than a year');
const momentMs = z.int().min(0).max(8_640_000_000_000);
/** Without its comment, as lab.yaml's keys are kept. */
const key = z
  .string()
  .max(8192)
  .transform((line, context) => {
    const parsed = parsePublicKey(line);
    if ('key' in parsed) return parsed.key;
    context.addIssue({ code: 'custom', message: parsed.problem });
    return z.NEVER;
  });

export const boardRequest = z.strictObject({
  board: handle.optional(),
  wait: z.boolean().optional(),
}) satisfies z.ZodType<Loose<BoardRequest>>;
export const boardParam = z.strictObject({ board: handle });
const want = z
  .strictObject({ class: className.optional(), board: handle.optional(), labels: z.array(label).max(16).default([]) })
  .transform(({ class: name, board, labels }) => ({
    ...(name === undefined ? {} : { class: name }),
    ...(board === undefined ? {} : { board }),
    labels,
  }));
export const claimRequest = z
  .strictObject({
    wants: z.array(want).min(1, 'nothing is asked for').max(32, 'a request is for 32 boards at most'),
    power: z.boolean().optional(),
    leaseMs: lengthMs.optional(),
    wait: z.boolean().optional(),
    waitMs: lengthMs.optional(),
    hold: z.boolean().optional(),
    keys: z.array(key).max(20).optional(),
  })
  .transform(withoutUndefined) satisfies z.ZodType<ClaimRequest>;
export const cancelRequest = z.strictObject({ request: z.int().min(1).optional() }) satisfies z.ZodType<
  Loose<CancelRequest>
>;
export const extendRequest = z
  .strictObject({ board: handle.optional(), leaseMs: lengthMs })
  .transform(withoutUndefined) satisfies z.ZodType<ExtendRequest>;
export const shareRequest = z
  .strictObject({ board: handle.optional(), user: userName })
  .transform(withoutUndefined) satisfies z.ZodType<ShareRequest>;
export const powerRequest = z.strictObject({
  board: handle.optional(),
  action: z.enum(['on', 'off', 'cycle']),
}) satisfies z.ZodType<Loose<PowerRequest>>;
export const exportsText = z.string('this is not the text of an /etc/exports').max(longestExports);
export const boardsQuery = z.strictObject({ mine: z.enum(['true', 'false']).optional() });
export const consoleQuery = z.strictObject({
  board: handle.optional(),
  terminal: z.enum(['true', 'false']).optional(),
});
const digits = z
  .string()
  .regex(/^\d{1,15}$/, 'this is not a number')
  .transform(Number);
export const numberParams = z.strictObject({ id: digits });
const historyShape = {
  board: handle.optional(),
  user: userName.optional(),
  since: digits.optional(),
  limit: digits.refine(limit => limit >= 1 && limit <= 10_000, 'a limit is from 1 to 10000').optional(),
};
export const historyQuery = z.strictObject(historyShape).transform(withoutUndefined);
export const eventsQuery = z
  .strictObject({ ...historyShape, follow: z.enum(['true', 'false']).optional() })
  .transform(withoutUndefined);
export const usageQuery = z.strictObject({ since: digits.optional() });
export const adminRelease = z
  .strictObject({
    board: handle,
    ifHolder: userName.optional(),
    reason: sentence.optional(),
    cancelWaiting: z.boolean().optional(),
    wait: z.boolean().optional(),
  })
  .transform(withoutUndefined) satisfies z.ZodType<AdminRelease>;
export const adminBar = z
  .strictObject({
    board: handle,
    kind: z.enum(['offline', 'maintenance']),
    reason: sentence,
    startsAtMs: momentMs.optional(),
    endsAtMs: momentMs.optional(),
  })
  .transform(withoutUndefined) satisfies z.ZodType<AdminBar>;
export const adminUnbar = z
  .strictObject({ board: handle, kind: z.enum(['offline', 'maintenance', 'health']).optional() })
  .transform(withoutUndefined) satisfies z.ZodType<AdminUnbar>;

type Defined<T> = { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> } & {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
};

/** What was not said is not there. */
function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Defined<T>;
}

/** zod gives an optional key as `| undefined`, which the messages leave out. */
type Loose<T> = { [K in keyof T]: T[K] | (undefined extends T[K] ? undefined : never) };

/** Parses what came over a socket. Throws `LabError('usage')` with each mistake. */
export function parseRequest<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const mistakes = result.error.issues.map(({ path, message }) => [describeField(path, value), message].join(': '));
  throw new LabError('usage', mistakes.join('; '), { hint: 'see `labcli help`' });
}

/** `class "Rock"`: the field, and what is in it, for whoever typed it does not know its place in the message. Keys are too long. */
function describeField(path: readonly PropertyKey[], value: unknown): string {
  const name = path.findLast(part => typeof part === 'string') ?? 'the request';
  const found = path.reduce((inner, part) => (inner as Record<PropertyKey, unknown> | undefined)?.[part], value);
  return typeof found === 'string' && name !== 'keys' ? `${name} ${JSON.stringify(found.slice(0, 60))}` : name;
}
