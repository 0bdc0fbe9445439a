import Database from 'better-sqlite3';
import { LabError } from '../lab/error.ts';

/**
 * Sees to it that one daemon alone works with the store: two would each carry out the same operations, and take each other's
 * connections for lost. The kernel drops the lock with the process, however that ends; what is returned must be kept until then.
 * Throws `busy` when another one has it.
 */
export function lockStore(path: string, timeoutMs: number): { unlock(): void } {
  // A database of its own, and never written: the store itself is open to whoever only reads it.
  const database = new Database(`${path}.lock`, { timeout: timeoutMs });
  try {
    database.exec('begin exclusive');
  } catch (error) {
    database.close();
    if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
    throw new LabError('busy', `another labd works with ${path}`, { hint: 'end that one first', cause: error });
  }
  return { unlock: () => database.close() };
}
