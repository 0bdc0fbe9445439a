import type { Kysely } from 'kysely';
import { LabError } from '../lab/error.ts';
import type { StoreSchema } from './schema.ts';
import type { Wish } from './store.ts';

/** Throws `denied` that names the limit when the wish goes over one. What is waited for counts as if it were held already. */
export async function checkLimits(
  database: Kysely<StoreSchema>,
  { user, wants, limits }: Pick<Wish, 'user' | 'wants' | 'limits'>,
): Promise<void> {
  if (limits.boards !== undefined) {
    const held = await countBoards(database, [user]);
    if (held + wants.length > limits.boards) {
      const has = held === 0 ? '' : `, and ${held} ${held === 1 ? 'is' : 'are'} held or waited for already`;
      throw new LabError('denied', `${user} may have ${amount(limits.boards, 'board')} at once${has}`, {
        hint: held === 0 ? 'ask for fewer' : 'release one first, or cancel a request: `labcli queue`',
      });
    }
  }
  if (limits.together) {
    const { role, users, boards } = limits.together;
    const held = await countBoards(database, users);
    if (held + wants.length > boards) {
      const message = `the role ${role} may have ${amount(boards, 'board')} at once, and its users hold or wait for ${held}`;
      throw new LabError('denied', message, { hint: '`labcli status` says who has them' });
    }
  }
}

/** The same for a request that is in the queue, and got nothing. */
export async function checkWaiting(
  database: Kysely<StoreSchema>,
  { user, limits }: Pick<Wish, 'user' | 'limits'>,
): Promise<void> {
  if (limits.waiting === undefined) return;
  const { waiting } = await database
    .selectFrom('request')
    .select(({ fn }) => fn.countAll<number>().as('waiting'))
    .where('user_name', '=', user)
    .where('ended_at', 'is', null)
    .executeTakeFirstOrThrow();
  if (Number(waiting) <= limits.waiting) return;
  const message = `${user} may have ${amount(limits.waiting, 'waiting request')}, and has ${Number(waiting) - 1}`;
  throw new LabError('denied', message, { hint: '`labcli queue` lists them, `labcli cancel` ends one' });
}

async function countBoards(database: Kysely<StoreSchema>, users: readonly string[]): Promise<number> {
  const { held } = await database
    .selectFrom('claim')
    .select(({ fn }) => fn.countAll<number>().as('held'))
    .where('user_name', 'in', users)
    .where('ended_at', 'is', null)
    .executeTakeFirstOrThrow();
  const { wanted } = await database
    .selectFrom('request')
    .select(({ fn }) => fn.sum<number | null>('board_count').as('wanted'))
    .where('user_name', 'in', users)
    .where('ended_at', 'is', null)
    .executeTakeFirstOrThrow();
  return Number(held) + Number(wanted ?? 0);
}

function amount(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
