import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Resident set of one process in bytes (VmRSS, proc(5)). */
export function residentBytes(pid: number): number {
  return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** Proportional set of all processes below the cgroups whose folder is named after the board, in bytes. */
export function proportionalBytes(cgroups: string, board: string): number {
  return pidsBelow(cgroups, board, false)
    .map(pid => 1024 * Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0))
    .reduce((sum, bytes) => sum + bytes, 0);
}

function pidsBelow(path: string, board: string, isInside: boolean): string[] {
  const own = isInside ? readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean) : [];
  const below = readdirSync(path, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .flatMap(entry => pidsBelow(join(path, entry.name), board, isInside || entry.name.startsWith(board)));
  return [...own, ...below];
}
