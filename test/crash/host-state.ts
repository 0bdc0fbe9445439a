import { setTimeout as sleep } from 'node:timers/promises';
import type { LabUnderTest } from '../e2e/lab-under-test.ts';

/** Everything of the lab host that a jail, a daemon or a connection could leave behind, a line each. */
const script = [
  // Those of pinned namespaces among them. What the machine mounts elsewhere meanwhile is seen from here, too.
  'cut -d" " -f5 /proc/self/mountinfo | grep -E "^/(run|var|sys|proc|mnt|etc|opt)/" | sed "s/^/mount /"',
  'ls /sys/class/net | sed "s/^/interface /"',
  // Link-local addresses are made of a cable's random MAC address: vlab plugs in a new one when it starts.
  'ip -oneline address | grep -v fe80: | sed "s/ valid_lft.*//; s/^[0-9]*: /address /"',
  'ip route show table all | grep -v fe80: | sed "s/^/route /"',
  'ip rule | sed "s/^/rule /"',
  // Without counters.
  'nft --stateless list ruleset | sed "s/^/firewall /"',
  'ovs-vsctl --timeout=5 list-ports br-trunk | sed "s/^/port /"',
  'find /sys/fs/cgroup -type d | sed "s/^/cgroup /"',
  'find /run/labcli /var/lib/labcli/jaild | sed "s/^/file /"',
  // Ports from 32768 on are those that a client was given.
  `ss --listening --no-header --numeric --tcp --udp | awk '{ n = split($5, at, ":"); if (at[n] < 32768) print "listener", $1, $5 }'`,
  'ls -l /proc/*/ns/net /proc/*/ns/user 2>/dev/null | sed "s/.*-> //" | sort -u | sed "s/:.*//; s/^/namespace /"',
  // A zombie is PID 1\'s to bury. What runs this script is a process too, and gone when it is read.
  'ps -eo stat,comm | grep -v "^Z" | sed 1d | sed "s/^[^ ]* */process /"',
].join('\n');

export async function readHostState(lab: LabUnderTest): Promise<string[]> {
  return (await lab.inside('sh', '-c', script)).stdout.split('\n').filter(Boolean).sort();
}

/** What there is now and was not before, what is there twice among it. Ssh connections are given a moment to end. */
export async function findLeaks(lab: LabUnderTest, before: readonly string[], withinMs = 10_000): Promise<string[]> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const rest = [...before];
    const leaks = (await readHostState(lab)).filter(line => {
      const index = rest.indexOf(line);
      if (index >= 0) rest.splice(index, 1);
      return index < 0;
    });
    if (leaks.length === 0 || performance.now() > deadline) return leaks;
    await sleep(250);
  }
}
