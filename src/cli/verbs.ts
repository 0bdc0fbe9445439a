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

/** By the words that call them, in the order of `labcli help`. */
export const verbs: Readonly<Record<string, AddVerb>> = {
  classes: addClasses,
  status: addStatus,
  claim: addClaim,
  run: addRun,
  hold: addHold,
  queue: addQueue,
  cancel: addCancel,
  extend: addExtend,
  power: addPower,
  console: addConsole,
  reinit: addReinit,
  release: addRelease,
  share: addShare,
  unshare: addShare,
  transfer: addShare,
  'ssh-config': addSshConfig,
  'known-hosts': addKnownHosts,
  proxy: addProxy,
  history: addHistory,
  usage: addUsage,
  events: addEvents,
  admin: addAdmin,
  help: addHelp,
};
