import { readlinkSync } from 'node:fs';
import { LabError } from '../../lab/error.ts';
import { run } from '../../system/run.ts';

/** The lab host's end of a cable from the virtual switch, and ours. */
interface Cable {
  readonly host: string;
  readonly own: string;
  /** Address and prefix length of each end; the trunk has none. */
  readonly hostAddress?: string;
  readonly ownAddress?: string;
}

/**
 * Plugs the trunk and the management cable into the lab host's network namespace, which is that of `hostPid`. Cables that an
 * earlier vlab left there are replaced. Throws `LabError('usage')` when we are in that namespace ourselves.
 */
export async function plugCables(hostPid: number, switchAddress: string): Promise<void> {
  if (readlinkSync('/proc/self/ns/net') === readlinkSync(`/proc/${hostPid}/ns/net`)) {
    const hint = 'start it with `unshare --net`';
    throw new LabError('usage', 'vlab wants a network namespace of its own', { hint });
  }
  await run('ip', ['link', 'set', 'lo', 'up']);
  // 192.0.2.0/24 is TEST-NET-1 (RFC 5737); the lab host manages the switch from .1.
  const hostAddress = `${switchAddress.split('.').slice(0, 3).join('.')}.1/24`;
  await plug(hostPid, { host: 'trunk0', own: 'trunk' });
  await plug(hostPid, { host: 'mgmt0', own: 'mgmt', hostAddress, ownAddress: `${switchAddress}/24` });
}

async function plug(hostPid: number, cable: Cable): Promise<void> {
  const { host, own, hostAddress, ownAddress } = cable;
  const onHost = (program: string, ...args: readonly string[]) =>
    run('nsenter', ['--target', String(hostPid), '--net', program, ...args]);
  const links = await onHost('ip', '-oneline', 'link', 'show');
  if (links.includes(` ${host}@`)) await onHost('ip', 'link', 'delete', host);
  await run('ip', ['link', 'add', own, 'type', 'veth', 'peer', 'name', host, 'netns', String(hostPid)]);
  // The userspace switch takes frames as they are, so a checksum left to hardware would never be filled in.
  await run('ethtool', ['-K', own, 'tx', 'off']);
  await onHost('ethtool', '-K', host, 'tx', 'off');
  if (ownAddress) await run('ip', ['address', 'add', ownAddress, 'dev', own]);
  if (hostAddress) await onHost('ip', 'address', 'add', hostAddress, 'dev', host);
  await run('ip', ['link', 'set', own, 'up']);
  await onHost('ip', 'link', 'set', host, 'up');
}
