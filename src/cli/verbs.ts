import { addClaim } from './claim.ts';
import { addClasses } from './classes.ts';
import { addConsole } from './console.ts';
import { addHelp } from './help.ts';
import { addPower } from './power.ts';
import { addReinit } from './reinit.ts';
import { addRelease } from './release.ts';
import { addStatus } from './status.ts';
import type { AddVerb } from './verb.ts';

/** In the order of `labcli help`. */
export const verbs: readonly AddVerb[] = [
  addClasses,
  addStatus,
  addClaim,
  addPower,
  addConsole,
  addReinit,
  addRelease,
  addHelp,
];
