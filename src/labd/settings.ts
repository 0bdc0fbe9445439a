import type { BoardClass, LabConfig, User } from '../config/lab-config.ts';
import { LabError } from '../lab/error.ts';
import type { Limits } from '../store/store.ts';

/** What lab.yaml says now. It is asked anew each time, since it can be loaded again while labd runs. */
export interface Settings {
  current(): LabConfig;
  replace(config: LabConfig): void;
  findClass(name: string): BoardClass | undefined;
  /** Throws `denied` for somebody whom lab.yaml does not know. */
  findUser(name: string): User;
  isAdmin(user: string): boolean;
  priorityOf(user: string): number;
  limitsOf(user: string): Limits;
  /** How long claims of these classes last for this user. Throws `denied` when more is asked for than they may have. */
  leaseOf(user: string, classes: readonly BoardClass[], askedMs: number | undefined): number;
  /** How long a claim of the class may last for this user, extensions included. */
  mostLeaseOf(user: string, boardClass: BoardClass | undefined): number;
}

export function createSettings(first: LabConfig): Settings {
  let config = first;

  function findUser(name: string): User {
    const user = config.users.find(candidate => candidate.name === name);
    if (!user) throw new LabError('denied', `lab.yaml has no user ${name}`);
    return user;
  }

  function roleOf(user: User | undefined) {
    return config.roles.find(({ name }) => name === user?.role);
  }

  function quotaOf(name: string) {
    const user = findUser(name);
    return { ...roleOf(user)?.quota, ...user.quota };
  }

  const mostLeaseOf = (user: string, boardClass: BoardClass | undefined) =>
    Math.min(boardClass?.maxLeaseMs ?? Number.POSITIVE_INFINITY, quotaOf(user).leaseMs ?? Number.POSITIVE_INFINITY);

  return {
    current: () => config,
    replace(next) {
      config = next;
    },
    findClass: name => config.classes.find(boardClass => boardClass.name === name),
    findUser,
    isAdmin: name => roleOf(config.users.find(user => user.name === name))?.isAdmin === true,
    priorityOf(name) {
      const user = findUser(name);
      return user.priority ?? roleOf(user)?.priority ?? 0;
    },
    limitsOf(name) {
      const { boards, waiting } = quotaOf(name);
      const role = roleOf(findUser(name));
      const users = config.users.filter(user => user.role === role?.name).map(user => user.name);
      return {
        ...(boards === undefined ? {} : { boards }),
        ...(waiting === undefined ? {} : { waiting }),
        ...(role?.together === undefined ? {} : { together: { role: role.name, users, boards: role.together } }),
      };
    },
    leaseOf(user, classes, askedMs) {
      const mostMs = Math.min(...classes.map(boardClass => mostLeaseOf(user, boardClass)));
      if (askedMs === undefined) return Math.min(mostMs, ...classes.map(({ leaseMs }) => leaseMs));
      if (askedMs <= mostMs) return askedMs;
      const message = `a claim of ${classes.map(({ name }) => name).join(' and ')} may last ${formatLength(mostMs)} at most`;
      throw new LabError('denied', message, { hint: `ask with --for ${formatLength(mostMs)}` });
    },
    mostLeaseOf,
  };
}

/** As lab.yaml and `--for` have it: `90m`, `4h`. */
export function formatLength(ms: number): string {
  for (const [unit, unitMs] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
  ] as const) {
    if (ms >= unitMs && ms % unitMs === 0) return `${ms / unitMs}${unit}`;
  }
  return `${Math.round(ms / 1000)}s`;
}
