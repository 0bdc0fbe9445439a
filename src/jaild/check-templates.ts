import type { LabConfig } from '../config/lab-config.ts';
import type { Board } from '../lab/board.ts';
import { LabError } from '../lab/error.ts';
import { run } from '../system/run.ts';
import { renderClaimFiles } from './claim-files.ts';
import { renderFirstFileServer } from './file-server-exports.ts';
import { renderFirewall } from './firewall.ts';
import { renderMotd } from './follow-claim.ts';
import { joinLines, type RenderLines, type RenderTemplate, type TemplateName } from './template.ts';
import type { TemplateLine } from './template-lines.ts';

/** Runs a program over a rendered file. Throws what the program says. */
type Check = (text: string) => Promise<unknown>;

/** Who reads a template's text, and how it names the line that it does not understand. */
const readers: Readonly<Partial<Record<TemplateName, { readonly check: Check; readonly place: RegExp }>>> = {
  'dnsmasq.conf': {
    check: text => run('dnsmasq', ['--test', '--conf-file=-'], { input: text }),
    place: /^dnsmasq: (?<what>.*?)(?: at)? line (?<line>\d+)/m,
  },
  'nftables.conf': { check: checkRules, place: /^[^:]*:(?<line>\d+):\d+-\d+: Error: (?<what>.*?)(?:; |$)/m },
  'jail-nftables.conf': { check: checkRules, place: /^[^:]*:(?<line>\d+):\d+-\d+: Error: (?<what>.*?)(?:; |$)/m },
  sshd_config: { check: checkDoor, place: /: line (?<line>\d+): (?<what>.*?)(?:; |$)/m },
};

function checkRules(text: string): Promise<string> {
  return run('nft', ['--check', '--file', '-'], { input: text });
}

/** sshd wants its folder below /run, and there the agent with the host key: in a mount namespace of its own. */
const checkDoorProgram = `
mount -t tmpfs none /run
mkdir -p /run/sshd /run/host-key/agent
ssh-keygen -q -t ed25519 -N '' -f /run/host-key/ssh_host_ed25519_key
rm /run/host-key/ssh_host_ed25519_key
cat >/run/sshd_config
ssh-agent -D -a /run/host-key/agent/socket >/dev/null &
until [ -S /run/host-key/agent/socket ]; do sleep 0.01; done
status=0
/usr/sbin/sshd -t -f /run/sshd_config || status=$?
# With a command of its own, ssh-agent would notice its end ten seconds late.
kill $!
wait || :
exit $status`;

function checkDoor(text: string): Promise<string> {
  return run('unshare', ['--mount', 'sh', '-ec', checkDoorProgram], { input: text });
}

/**
 * Renders everything that jaild renders, for a board of every class, and has it checked by the programs that read it. Throws
 * one `LabError('usage')` with all mistakes, one a line: `dnsmasq.conf:12: sentence`.
 */
export async function checkTemplates(config: LabConfig, renderLines: RenderLines): Promise<void> {
  const mistakes = new Set<string>();
  const rendered = new Map<string, { readonly name: TemplateName; readonly lines: readonly TemplateLine[] }>();
  const render: RenderTemplate = (name, values) => {
    try {
      const lines = renderLines(name, values);
      const text = joinLines(lines);
      rendered.set(`${name}\n${text}`, { name, lines });
      return text;
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      for (const mistake of error.message.split('\n')) mistakes.add(mistake);
      return '';
    }
  };
  for (const role of [true, false]) renderFirewall(config.jails, { isRouter: role, isRouter6: role }, render);
  for (const board of onePerClass(config.boards)) {
    const boot = config.classes.find(({ name }) => name === board.class)?.boot ?? null;
    renderClaimFiles({ board, boot }, config.jails, render);
    renderMotd(board, { user: 'nobody', expiresAtMs: 0 }, render);
    try {
      renderFirstFileServer({ board, boot, base: '', trunk: config.trunk }, render);
    } catch (error) {
      // What the template says is not an /etc/exports: the message has the line.
      if (!(error instanceof LabError)) throw error;
      mistakes.add(`exports:1: ${error.message}`);
    }
  }
  await Promise.all(
    [...rendered.values()].map(async file => {
      const mistake = await findMistake(file.name, file.lines);
      if (mistake) mistakes.add(mistake);
    }),
  );
  if (mistakes.size > 0) throw new LabError('usage', [...mistakes].toSorted().join('\n'));
}

function onePerClass(boards: readonly Board[]): readonly Board[] {
  return boards.filter((board, index) => boards.findIndex(other => other.class === board.class) === index);
}

async function findMistake(name: TemplateName, lines: readonly TemplateLine[]): Promise<string | undefined> {
  const reader = readers[name];
  if (!reader) return undefined;
  try {
    await reader.check(joinLines(lines));
    return undefined;
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    // What `run` says before it: the program and how it ended.
    const said = error.message.replace(/^.*? ended with [^:]*: /s, '').replaceAll('; ', '\n');
    const { line, what } = reader.place.exec(said)?.groups ?? {};
    const place = line === undefined ? 1 : (lines[Number(line) - 1]?.line ?? 1);
    return `${name}:${place}: ${what ?? said.split('\n').join('; ')}`;
  }
}
