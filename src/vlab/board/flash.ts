import { truncateSync } from 'node:fs';
import { run } from '../../system/run.ts';

/** U-Boot for QEMU's `virt` reads its environment from the first 256 KiB of the second flash bank, which has 64 MiB. */
const environmentBytes = 0x40000;
const flashBytes = 64 * 2 ** 20;

/**
 * Makes a board's flash: U-Boot asks DHCP what to fetch, fetches it and runs it as a script. The MAC is there because U-Boot 2023.01
 * misreads that of a virtio card.
 */
export async function makeFlash(path: string, mac: string): Promise<void> {
  const environment = ['bootdelay=0', `ethaddr=${mac}`, 'bootcmd=dhcp 0x40200000 && source 0x40200000', ''].join('\n');
  await run('mkenvimage', ['-s', String(environmentBytes), '-o', path, '-'], { input: environment });
  truncateSync(path, flashBytes);
}
