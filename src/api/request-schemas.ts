import { z } from 'zod';
import { LabError } from '../lab/error.ts';
import type { BoardRequest, ClaimRequest, PowerRequest } from './messages.ts';

/** What labd hears, see messages.ts. A key that is not known is a mistake, and said so. */

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, { error: 'this is not a name of small letters, digits and -' });

export const claimRequestSchema: z.ZodType<ClaimRequest> = z.strictObject({
  class: name,
  power: z.boolean().exactOptional(),
});
export const boardRequestSchema: z.ZodType<BoardRequest> = z.strictObject({ board: name.exactOptional() });
export const powerRequestSchema: z.ZodType<PowerRequest> = z.strictObject({
  board: name.exactOptional(),
  action: z.enum(['on', 'off', 'cycle']),
});
export const boardListQuerySchema = z.strictObject({ mine: z.enum(['true', 'false']).exactOptional() });
export const operationParametersSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[1-9]\d{0,14}$/)
    .transform(Number),
});
export const emptySchema = z.strictObject({});

/** Throws `LabError('usage')` that names each mistake. */
export function parseRequest<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const mistakes = result.error.issues.map(({ path, message }) => {
    return path.length === 0 ? message : `${path.join('.')}: ${message}`;
  });
  throw new LabError('usage', `labd does not understand the request: ${mistakes.join('; ').slice(0, 500)}`);
}
