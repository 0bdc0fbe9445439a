import { addAdmin } from './admin.ts';
import { addClaim } from './claim.ts';
import { addClasses } from './classes.ts';
import { addConsole } from './console.ts';
import { addExtend } from './extend.ts';
import { addHelp } from './help.ts';
import { addEvents, addHistory, addUsage } from './history.ts';
import { addHold } from './hold.ts';
import { addKnownHosts } from './known-hosts.ts';
import { addPower } from './power.ts';
import { addProxy } from './proxy.ts';
import { addCancel, addQueue } from './queue.ts';
import { addReinit } from './reinit.ts';
import { addRelease } from './release.ts';
import { addRun } from './run.ts';
import { addShare } from './share.ts';
import { addSshConfig } from './ssh-config.ts';
import { addStatus } from './status.ts';
import type { AddVerb } from './verb.ts';

/** In the order of `labcli help`. */
export const verbs: readonly AddVerb[] = [
  addClasses,
  addStatus,
  addClaim,
  addRun,
  addHold,
  addQueue,
  addCancel,
  addExtend,
  addPower,
  addConsole,
  addReinit,
  addRelease,
  addShare,
  addSshConfig,
  addKnownHosts,
  addProxy,
  addHistory,
  addUsage,
  addEvents,
  addAdmin,
  addHelp,
];
