import { spawn } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface GuestOptions {
  /** A folder that the guest finds as `guestExchange`, and may write to. */
  readonly directory: string;
  /** What root runs in the guest. The machine's files are there, and stay as they are. */
  readonly command: readonly string[];
  readonly timeoutMs: number;
  /** More devices, as arguments of QEMU. */
  readonly devices?: readonly string[];
}

export const guestExchange = '/exchange';

const source = join(import.meta.dirname, '../..');
const kernel = join(source, '.cache/test-kernel');

/**
 * Boots Debian's stock kernel in QEMU, in software: what /dev/kvm can do differs among machines. Two network cards, eth0 and
 * eth1, have a cable between them. Gives what the guest wrote to its console when it has ended; a guest that takes too long
 * is killed, and the console says so.
 */
export async function runInGuest({ directory, command, timeoutMs, devices = [] }: GuestOptions): Promise<string> {
  copyFileSync(join(import.meta.dirname, 'guest/guest-init.sh'), join(directory, 'init'));
  const words = command.map(word => `'${word.replaceAll("'", "'\\''")}'`);
  writeFileSync(join(directory, 'run'), `exec ${words.join(' ')}\n`);
  writeFileSync(join(directory, 'modules'), join(kernel, 'modules'));
  const share = (id: string, path: string, options: string) => [
    ...['-fsdev', `local,id=${id},path=${path},security_model=none,multidevs=remap${options}`],
    ...['-device', `virtio-9p-pci,fsdev=${id},mount_tag=${id}`],
  ];
  const card = (id: string) => [
    ...['-netdev', `hubport,id=${id},hubid=0`],
    ...['-device', `virtio-net-pci,netdev=${id},mac=52:54:00:00:02:0${id.slice(-1)}`],
  ];
  // Programs at the same addresses each time: QEMU then need not translate them again. One processor: with two,
  // both have been seen stuck for good in QEMU 7.2's emulation. Such a guest ends itself.
  const kernelCommandLine = 'console=ttyS0 quiet panic=-1 softlockup_panic=1 net.ifnames=0 norandmaps';
  const qemu = spawn('setpriv', [
    // Whoever kills the test means the guest, too.
    ...['--pdeathsig', 'KILL', '--', 'qemu-system-x86_64'],
    ...['-accel', 'tcg', '-machine', 'pc', '-cpu', 'max', '-smp', '1', '-m', '1024'],
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-serial', 'stdio'],
    ...['-kernel', join(kernel, 'vmlinuz'), '-initrd', join(kernel, 'initramfs.gz'), '-append', kernelCommandLine],
    ...share('machine', '/', ',readonly=on'),
    ...share('exchange', directory, ''),
    ...card('card0'),
    ...card('card1'),
    ...devices,
  ]);
  let log = '';
  for (const stream of [qemu.stdout, qemu.stderr]) {
    stream.on('data', chunk => {
      log += chunk;
    });
  }
  const timer = setTimeout(() => {
    log += `\nkilled after ${timeoutMs} ms\n`;
    qemu.kill('SIGKILL');
  }, timeoutMs);
  try {
    await new Promise<void>((resolve, reject) => {
      qemu.once('error', reject);
      qemu.once('close', () => resolve());
    });
  } finally {
    clearTimeout(timer);
  }
  return log;
}
