import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JaildHost, startJaildHost } from './jaild-host.ts';

/**
 * What the kernel has only so many of for all, or for each user: a jail whose root takes all that they can get leaves the others
 * and the lab host theirs.
 */
const labYaml = readFileSync(join(import.meta.dirname, '../../lab.yaml'), 'utf8');
const claim = { epoch: 1, user: 'alice', expiresAtMs: Date.UTC(2031, 4, 4) };

let host: JaildHost;
beforeAll(async () => {
  host = await startJaildHost(labYaml);
  await host.startJaild();
  for (const board of ['rockpro64-1', 'rockpro64-2']) {
    expect((await host.build(board, claim)).events.at(-1)).toEqual({ event: 'done' });
  }
}, 30_000);
afterAll(() => host?.stop());

const inJail = (command: string) => host.ssh('alice', '10.77.0.101', command);
const nextDoor = (command: string) => host.ssh('alice', '10.77.0.102', command);
const inotifyInit1 = process.arch === 'x64' ? 294 : 26;

/** Has programs take what `expression` (perl) takes, `times` each, until they get no more; they keep it. Says how many in all. */
async function takeAll(expression: string, programs: number, times: number): Promise<number> {
  const taker = `my @kept; for (1 .. ${times}) { my $one = ${expression}; last if !$one; push @kept, $one } print scalar(@kept), "\\n"; close STDOUT; sleep 60`;
  const { stdout } = await inJail(
    `for i in $(seq ${programs}); do perl -e '${taker}' >/tmp/taken$i 2>/dev/null & done; ` +
      `while [ $(cat /tmp/taken* | wc -l) -lt ${programs} ]; do sleep 0.1; done; cat /tmp/taken*; rm /tmp/taken*`,
  );
  return stdout
    .split('\n')
    .map(Number)
    .reduce((sum, count) => sum + count, 0);
}

const letGo = () =>
  inJail('for p in /proc/[0-9]*; do [ "$(cat $p/comm)" = perl ] && kill -9 $(basename $p); done; sleep 0.3');

test('inotify instances, without which dnsmasq does not start', async () => {
  const take = `(sub { my $fd = syscall(${inotifyInit1}, 0); $fd < 0 ? 0 : $fd })->()`;
  const program = `my $one = ${take}; print $one ? "got one" : "none left"`;
  expect(await takeAll(take, 2, 3000)).toBeGreaterThan(50);
  expect((await inJail(`perl -e '${program}'`)).stdout).toBe('none left');
  expect((await nextDoor(`perl -e '${program}'`)).stdout).toBe('got one');
  expect((await host.inside('perl', '-e', program)).stdout).toBe('got one');
  expect((await nextDoor('sv restart dnsmasq')).stdout).toContain('ok: run: dnsmasq');
  await letGo();
});

test('terminals', async () => {
  const take = '(sub { open(my $f, "+<", "/dev/ptmx") || return 0; $f })->()';
  expect(await takeAll(take, 1, 100)).toBe(100);
  await letGo();
  expect(await takeAll(take, 4, 1000)).toBeLessThan(300);
  expect((await nextDoor('script -qc true /dev/null && echo got one')).stdout).toContain('got one');
  await letGo();
});

test('contexts of asynchronous input and output', async () => {
  const setUp = process.arch === 'x64' ? 206 : 0;
  const program = `my $c = pack("Q", 0); print syscall(${setUp}, 20000, $c) == 0 ? "got one" : $!+0`;
  expect((await host.inside('perl', '-e', program)).stdout).toBe('got one');
  // 38 is ENOSYS: whoever can do without it does.
  expect((await inJail(`perl -e '${program}'`)).stdout).toBe('38');
});
