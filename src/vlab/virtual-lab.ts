import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabConfig, PoeSwitch, Secrets } from '../config/lab-config.ts';
import type { Board } from '../lab/board.ts';
import { LabError } from '../lab/error.ts';
import { createMib } from './agent/mib.ts';
import { type Identity, startSnmpAgent } from './agent/snmp-agent.ts';
import { makeFlash } from './board/flash.ts';
import { createQemuBoard } from './board/qemu-board.ts';
import { laySerialCable } from './board/serial-cable.ts';
import { createSwitchModel } from './switch-model.ts';
import { plugCables } from './wire/cables.ts';
import { startFrames } from './wire/frames.ts';

export interface VirtualLab {
  close(): Promise<void>;
}

/**
 * Plays the switch of lab.yaml's `virtual` section and the boards on its ports: cables to the lab host, frames, serial lines, and the
 * SNMP agent that switches power. Boards start without power.
 */
export async function startVirtualLab(options: {
  readonly config: LabConfig;
  readonly secrets: Secrets;
  readonly hostPid: number;
  readonly runDirectory: string;
  readonly log: (text: string) => void;
}): Promise<VirtualLab> {
  const { config, secrets, hostPid, runDirectory, log } = options;
  const { virtual } = config;
  const poeSwitch = config.switches.find(({ name }) => name === virtual?.switch);
  if (!virtual || !poeSwitch) {
    throw new LabError('usage', 'this lab.yaml has no `virtual` section', { hint: 'vlab plays virtual labs only' });
  }
  const boards = config.boards.filter(board => board.poePort.switch === poeSwitch.name);
  const pvids = new Map(boards.map(board => [board.poePort.port, board.vlan]));

  await plugCables(hostPid, poeSwitch.host);
  const frames = await startFrames(join(runDirectory, 'openvswitch'), pvids, log);
  const flashOf = (board: Board) => join(runDirectory, `${board.handle}.flash`);
  await Promise.all(boards.map(board => makeFlash(flashOf(board), board.mac)));
  const group = hasGroup('labd') ? 'labd' : undefined;
  const cables = boards.map(board => laySerialCable(board.serial.path, group, log));
  const devices = boards.map((board, index) =>
    createQemuBoard(board, {
      serialEnd: cables[index]?.boardEnd ?? '',
      flash: flashOf(board),
      memoryMegabytes: virtual.boardMemory,
      log,
    }),
  );
  const model = createSwitchModel({
    ports: virtual.ports,
    pvids,
    devices: new Map(boards.map((board, index) => [board.poePort.port, devices[index] as (typeof devices)[number]])),
    movePort: frames.movePort,
  });
  const agent = await startSnmpAgent({
    address: poeSwitch.host,
    udpPort: poeSwitch.udpPort,
    identities: [identityOf(poeSwitch, secrets)],
    tree: () => createMib(model, () => process.uptime() * 1000),
    log,
  });
  return {
    async close() {
      agent.close();
      for (const device of devices) device.powerOff();
      await Promise.all(cables.map(cable => cable.unplug()));
      await frames.close();
    },
  };
}

function identityOf(poeSwitch: PoeSwitch, secrets: Secrets): Identity {
  const secret = secrets.get(poeSwitch.snmp.secret);
  if (poeSwitch.snmp.version === '3' && secret && 'authPassword' in secret) {
    return { user: poeSwitch.snmp.user, ...secret, mayWrite: true };
  }
  if (poeSwitch.snmp.version === '2c' && secret && 'community' in secret) return { ...secret, mayWrite: true };
  throw new LabError(
    'usage',
    `secrets.yaml has nothing under ${poeSwitch.snmp.secret} for SNMP ${poeSwitch.snmp.version}`,
  );
}

function hasGroup(name: string): boolean {
  return readFileSync('/etc/group', 'utf8')
    .split('\n')
    .some(line => line.startsWith(`${name}:`));
}
