import type { ChildProcess } from 'node:child_process';
import type { Board } from '../../lab/board.ts';
import { startChild } from '../child.ts';
import type { PoweredDevice } from '../switch-model.ts';
import { tapOf } from '../wire/frames.ts';

/**
 * A QEMU arm64 machine that runs while its port gives power: U-Boot from Debian, an environment in flash that net-boots, one
 * network card on the port's tap, one serial line. Like a board that loses power, it is not asked before it stops.
 */
export function createQemuBoard(
  board: Board,
  options: {
    readonly serialEnd: string;
    readonly flash: string;
    readonly memoryMegabytes: number;
    readonly log: (text: string) => void;
  },
): PoweredDevice {
  let machine: ChildProcess | undefined;
  /** A killed machine holds its tap for some milliseconds more, and the next one could not open it. */
  let ended = Promise.resolve();
  let changes = 0;

  function start(change: number, onFault: () => void): void {
    const started = startChild('qemu-system-aarch64', qemuArguments(board, options), options.log);
    machine = started;
    ended = new Promise(resolve => {
      started.once('exit', (code, signal) => {
        resolve();
        if (change !== changes) return;
        options.log(`${board.handle}: the machine ended by itself (${code ?? signal})`);
        onFault();
      });
    });
  }

  return {
    powerOn(onFault) {
      const change = ++changes;
      void ended.then(() => {
        if (change === changes) start(change, onFault);
      });
    },
    powerOff() {
      changes += 1;
      machine?.kill('SIGKILL');
    },
  };
}

/**
 * TCG always: a /dev/kvm that is there may still not boot. `vnet_hdr=off`, because the userspace switch does not know the header that
 * QEMU would put before each frame.
 */
export function qemuArguments(
  board: Board,
  options: { readonly serialEnd: string; readonly flash: string; readonly memoryMegabytes: number },
): string[] {
  const { handle, mac, poePort } = board;
  return [
    ...['-name', handle, '-accel', 'tcg', '-M', 'virt', '-cpu', 'cortex-a53', '-m', String(options.memoryMegabytes)],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-monitor', 'none'],
    ...['-bios', '/usr/lib/u-boot/qemu_arm64/u-boot.bin'],
    ...['-drive', `if=pflash,unit=1,format=raw,file=${options.flash},snapshot=on`],
    ...['-device', `virtio-net-pci,netdev=net0,mac=${mac},romfile=`],
    ...['-netdev', `tap,id=net0,ifname=${tapOf(poePort.port)},script=no,downscript=no,vnet_hdr=off`],
    ...['-chardev', `serial,id=serial0,path=${options.serialEnd}`, '-serial', 'chardev:serial0'],
  ];
}
