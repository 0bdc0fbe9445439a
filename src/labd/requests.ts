import * as z from 'zod';
import type { BoardRequest, ClaimRequest, PowerRequest } from '../api/messages.ts';
import { LabError } from '../lab/error.ts';

const handle = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'this is not a board’s handle');

export const boardRequest = z.strictObject({ board: handle.optional() }) satisfies z.ZodType<Loose<BoardRequest>>;
export const claimRequest = z.strictObject({
  class: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'this is not the name of a class'),
  power: z.boolean().optional(),
}) satisfies z.ZodType<Loose<ClaimRequest>>;
export const powerRequest = z.strictObject({
  board: handle.optional(),
  action: z.enum(['on', 'off', 'cycle']),
}) satisfies z.ZodType<Loose<PowerRequest>>;
export const boardsQuery = z.strictObject({ mine: z.enum(['true', 'false']).optional() });
export const operationParams = z.strictObject({
  id: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
});

/** zod gives an optional key as `| undefined`, which the messages leave out. */
type Loose<T> = { [K in keyof T]: T[K] | (undefined extends T[K] ? undefined : never) };

/** Parses what came over a socket. Throws `LabError('usage')` with each mistake. */
export function parseRequest<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const mistakes = result.error.issues.map(({ path, message }) => [...path, message].join(': '));
  throw new LabError('usage', mistakes.join('; '), { hint: 'see `labcli help`' });
}
