/** One board that somebody asks for: any of a class, or the one with this handle; in either case with all of the labels. */
export interface Want {
  readonly class?: string;
  readonly board?: string;
  /** As in lab.yaml: `sdmux`, `ram=4g`. */
  readonly labels: readonly string[];
}

/** Two requests with the same text ask for the same. */
export function signatureOf(wants: readonly Want[]): string {
  const texts = wants.map(want => JSON.stringify([want.class ?? '', want.board ?? '', [...want.labels].sort()]));
  return texts.sort().join();
}

/** As people write it: `rockpro64 with sdmux`. */
export function describeWant({ class: name, board, labels }: Want): string {
  return [board ?? name ?? 'any board', ...(labels.length > 0 ? [`with ${labels.join(' and ')}`] : [])].join(' ');
}

/**
 * Gives each place one of its own choices, none to two places, or undefined when that cannot be. Choices that come first are
 * preferred. (Augmenting paths: a place that comes late moves an earlier one to another of its choices.)
 */
export function assign<Choice>(choices: readonly (readonly Choice[])[]): readonly Choice[] | undefined {
  const ownerOf = new Map<Choice, number>();

  function findChoice(place: number, tried: Set<Choice>): boolean {
    const free = choices[place]?.find(choice => !ownerOf.has(choice));
    if (free !== undefined) {
      ownerOf.set(free, place);
      return true;
    }
    for (const choice of choices[place] ?? []) {
      if (tried.has(choice)) continue;
      tried.add(choice);
      const owner = ownerOf.get(choice);
      if (owner === undefined || !findChoice(owner, tried)) continue;
      ownerOf.set(choice, place);
      return true;
    }
    return false;
  }

  for (const place of choices.keys()) {
    if (!findChoice(place, new Set())) return undefined;
  }
  const choiceOf = new Map([...ownerOf].map(([choice, place]) => [place, choice]));
  return choices.map((_, place) => choiceOf.get(place) as Choice);
}
