import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { sql } from 'kysely';
import type { Board } from '../lab/board.ts';
import type { Operation } from '../lab/operation.ts';
import { openStore } from './open-store.ts';
import { openSqliteEngine } from './sqlite-engine.ts';

type Move = 'claim' | 'finish' | 'fail' | 'fail-dirty' | 'release' | 'release-fails' | 'wait' | 'expire' | 'lift';
const moves = fc.constantFrom<Move>(
  'claim',
  'claim',
  'finish',
  'fail',
  'fail-dirty',
  'release',
  'release-fails',
  'wait',
  'expire',
  'lift',
);
const sequences = fc.array(fc.tuple(moves, fc.nat(2)), { minLength: 5, maxLength: 60 });
const handles = ['rock-0', 'rock-1', 'rock-2'];
const error = { code: 'device', message: 'broken' } as const;

/**
 * Whatever happens, in whatever order: a board that is given out had no holder and was healthy, and its epoch is the last one
 * plus one.
 */
test('no board ever has two holders, and each claim has the next epoch', async () => {
  await fc.assert(
    fc.asyncProperty(sequences, async sequence => {
      const directory = mkdtempSync(join(tmpdir(), 'labcli-store-'));
      let nowMs = 1;
      const store = await openStore(
        openSqliteEngine(join(directory, 'store.db'), () => sql<number>`${sql.lit(nowMs)}`),
      );
      try {
        await store.syncLab(
          ['rock'],
          handles.map(handle => ({ handle, class: 'rock' }) as Board),
        );
        const holders = new Map<string, number>();
        const running = new Map<string, Operation>();
        const dirty = new Set<string>();
        const epochs = new Map(handles.map(handle => [handle, 0]));
        for (const [move, index] of sequence) {
          const board = handles[index] as string;
          const epoch = epochs.get(board) ?? 0;
          const operation = running.get(board);
          if (move === 'wait') nowMs += 400;
          if (move === 'claim') {
            const isAnyFree = handles.some(handle => !holders.has(handle) && !dirty.has(handle));
            const claimed = await store
              .allocate({ class: 'rock', user: 'alice', leaseMs: 1000, power: 'off' })
              .catch(() => undefined);
            expect(claimed !== undefined).toBe(isAnyFree);
            if (!claimed) continue;
            const { claim } = claimed;
            expect(holders.has(claim.board) || dirty.has(claim.board)).toBe(false);
            expect(claim.epoch).toBe((epochs.get(claim.board) ?? 0) + 1);
            epochs.set(claim.board, claim.epoch);
            holders.set(claim.board, claim.epoch);
            running.set(claim.board, claimed);
          }
          if (move === 'finish' && operation) {
            const isRelease = operation.kind === 'release';
            await store.finishOperation(
              operation.id,
              isRelease ? { state: 'done', endReason: 'released', quarantine: null } : { state: 'done' },
            );
            running.delete(board);
            if (isRelease) {
              holders.delete(board);
              dirty.delete(board);
            }
          }
          if ((move === 'fail' || move === 'fail-dirty') && operation?.kind === 'claim') {
            const quarantine = move === 'fail-dirty' ? { quarantine: 'dirty' } : {};
            await store.finishOperation(operation.id, { state: 'failed', error, endReason: 'failed', ...quarantine });
            if (move === 'fail-dirty') dirty.add(board);
            running.delete(board);
            holders.delete(board);
          }
          if (move === 'release' && holders.has(board)) {
            const begun = await store
              .beginOperation({ kind: 'release', board, epoch, actor: 'alice' })
              .catch(() => undefined);
            expect(begun !== undefined).toBe(operation === undefined);
            if (begun) running.set(board, begun);
          }
          if (move === 'release-fails' && operation?.kind === 'release') {
            await store.finishOperation(operation.id, { state: 'failed', error, quarantine: 'broken' });
            running.delete(board);
            dirty.add(board);
          }
          if (move === 'expire') {
            for (const claim of await store.listExpired()) {
              expect(holders.get(claim.board)).toBe(claim.epoch);
              expect(await store.isLive(claim.board, claim.epoch)).toBe(false);
            }
          }
          if (move === 'lift' && !holders.has(board)) {
            await store.liftQuarantine(board);
            dirty.delete(board);
          }
        }
        for (const record of await store.listBoards()) {
          expect(record.claim?.epoch).toBe(holders.get(record.board.handle));
          expect(record.quarantine !== undefined).toBe(dirty.has(record.board.handle));
        }
      } finally {
        await store.close();
        rmSync(directory, { recursive: true, force: true });
      }
    }),
    { numRuns: 60 },
  );
});
