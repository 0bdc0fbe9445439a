import { LabError } from '../lab/error.ts';
import { splitWords } from './shell-words.ts';

/** Who calls, and what with. */
export interface Call {
  readonly user: string;
  readonly words: readonly string[];
}

const userPattern = /^[a-z][a-z0-9._-]{0,31}$/;

/**
 * Reads how sshd started this program. As the login shell of the account it gets `-c "labcli --user NAME"`, the forced command of
 * the key; started by hand it is `labcli --user NAME [WORD...]`. What the user typed is in SSH_ORIGINAL_COMMAND, and is
 * data: it cannot change who calls. Throws `LabError('usage')`.
 */
export function readCall(args: readonly string[], environment: NodeJS.ProcessEnv): Call {
  const [option, user, ...words] = args[0] === '-c' ? (args[1] ?? '').split(' ').slice(1) : args;
  if (option !== '--user' || user === undefined || !userPattern.test(user)) {
    const hint = 'it is the forced command of an ssh account: see templates/host-sshd_config';
    throw new LabError('usage', 'labcli wants to be started as `labcli --user NAME`', { hint });
  }
  const typed = environment.SSH_ORIGINAL_COMMAND;
  if (typed === undefined) return { user, words };
  const typedWords = splitWords(typed);
  refuseFileTransfer(typedWords[0]);
  return { user, words: typedWords[0] === 'labcli' ? typedWords.slice(1) : typedWords };
}

function refuseFileTransfer(program: string | undefined): void {
  if (program === undefined || !/(^|\/)(scp|sftp|sftp-server|rsync|git-[a-z-]+)$/.test(program)) return;
  throw new LabError('usage', 'files cannot be copied to the lab host: copy them to your jail', {
    hint: 'scp FILE root@BOARD:   (rsync and sftp work there too)',
  });
}
