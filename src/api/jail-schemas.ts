import { z } from 'zod';
import { isErrorCode } from '../lab/error.ts';
import type { JailEvent, JailList } from './jail-messages.ts';

const errorMessage = z.object({
  code: z.string().refine(isErrorCode),
  message: z.string(),
  hint: z.string().exactOptional(),
  reference: z.string().exactOptional(),
});

/** What jaild answers, see jail-messages.ts. Fields that a newer jaild adds are passed over. */
export const jailErrorSchema = z.object({ error: errorMessage });

export const jailEventSchema: z.ZodType<JailEvent> = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('step'),
    step: z.string(),
    state: z.enum(['started', 'done']),
    elapsedMs: z.number(),
  }),
  z.object({ event: z.literal('done') }),
  z.object({ event: z.literal('error'), error: errorMessage }),
]);

export const jailListSchema: z.ZodType<JailList> = z.object({
  jails: z.array(
    z.object({
      board: z.string(),
      epoch: z.int(),
      state: z.enum(['complete', 'partial']),
      missing: z.array(z.string()),
    }),
  ),
});
