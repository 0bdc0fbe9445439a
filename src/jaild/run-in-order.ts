/**
 * Runs `action` for each name, at once where the order allows it: a name's action begins when the actions of all names it
 * waits for have ended well. When one fails, what waits for it is left out and the rest still runs; then the first error
 * is thrown. Nothing runs any more when this function is left.
 */
export async function runInOrder<Name extends string>(
  order: ReadonlyMap<Name, readonly Name[]>,
  action: (name: Name) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  const started = new Map<Name, Promise<boolean>>();
  const start = (name: Name): Promise<boolean> => {
    const running = started.get(name) ?? attempt(name);
    started.set(name, running);
    return running;
  };
  const attempt = async (name: Name): Promise<boolean> => {
    const outcomes = await Promise.all((order.get(name) ?? []).map(start));
    if (outcomes.includes(false)) return false;
    try {
      await action(name);
      return true;
    } catch (error) {
      errors.push(error);
      return false;
    }
  };
  await Promise.all([...order.keys()].map(start));
  if (errors.length > 0) throw errors[0];
}
