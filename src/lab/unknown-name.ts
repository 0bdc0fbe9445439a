import { LabError } from './error.ts';
import { nearestName } from './nearest-name.ts';

/** So many names are told in a hint; of more, where they are listed. */
const mostNamesTold = 8;

/** For a name that somebody typed and nobody has. The hint is the name that was meant, or else all there are. */
export function unknownName(
  message: string,
  typed: string,
  known: { readonly names: readonly string[]; readonly what: string; readonly listedBy?: string },
): LabError {
  const { names, what, listedBy } = known;
  const meant = nearestName(typed, names);
  if (meant !== undefined) return new LabError('not-found', message, { hint: `did you mean ${meant}?` });
  if (names.length > 0 && names.length <= mostNamesTold) {
    return new LabError('not-found', message, { hint: `the ${what} are ${names.join(', ')}` });
  }
  return new LabError(
    'not-found',
    message,
    listedBy === undefined ? {} : { hint: `\`labcli ${listedBy}\` lists them` },
  );
}
