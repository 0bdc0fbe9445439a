import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LabConfig, Trunk } from '../config/lab-config.ts';
import { LabError } from '../lab/error.ts';
import { paths } from '../system/paths.ts';
import type { ControllerPlaces } from './controllers.ts';
import { measureDiskSpace, warnOfDiskSpace } from './disk-space.ts';
import { interfaceExists } from './interfaces.ts';
import { checkMechanisms } from './mechanisms.ts';
import { isMounted } from './mounts.ts';
import { callOpenVswitch } from './parts/openvswitch-wire.ts';
import { tryVlanWire } from './parts/vlan-wire.ts';

/**
 * Makes sure that this host can have the jails of lab.yaml. Throws `LabError('device')` that says what it lacks; gives sentences for
 * the log about what may go wrong later.
 */
export async function checkHost(config: LabConfig, places: ControllerPlaces): Promise<string[]> {
  const { boards, classes, jails, trunk } = config;
  if (process.getuid?.() !== 0) throw new LabError('denied', 'jaild must run as root');
  if (!isMounted('/sys/fs/cgroup', 'cgroup2')) {
    throw new LabError('device', '/sys/fs/cgroup is not a cgroup v2 tree, which jails need', {
      hint: 'boot with systemd.unified_cgroup_hierarchy=1',
    });
  }
  if (!existsSync(join(paths.jailBase, 'usr/sbin/sshd'))) {
    throw new LabError('device', `${paths.jailBase} has no root file system for jails`, {
      hint: 'build it with bin/jail-base',
    });
  }
  const used = new Set(boards.map(board => board.class));
  for (const { name, boot } of classes) {
    if (boot === undefined || !used.has(name)) continue;
    for (const file of ['tftp', 'nfs.img'].map(each => join(paths.bootFiles, boot, each))) {
      if (existsSync(file)) continue;
      throw new LabError('device', `${file} is missing: the class ${name} boots ${boot}`, {
        hint: 'build it with bin/boot-files, or leave `boot` out of the class',
      });
    }
  }
  for (const { name, setup } of classes) {
    const file = setup && join(paths.install, 'jails/setup', setup.script);
    if (file === undefined || existsSync(file)) continue;
    throw new LabError('device', `${file} is missing: the class ${name} has it as its set-up`, {
      hint: 'put the script there, or leave `setup` out of the class',
    });
  }
  if (!interfaceExists(jails.uplink)) {
    throw new LabError('device', `this host has no interface ${jails.uplink}, which lab.yaml has as jails.uplink`);
  }
  await checkTrunk(trunk);
  const weaknesses = await checkMechanisms(places, jails.allowWithout);
  mkdirSync(paths.jaildState, { recursive: true, mode: 0o711 });
  return [...weaknesses, warnOfDiskSpace(measureDiskSpace(config))].filter(warning => warning !== undefined);
}

async function checkTrunk(trunk: Trunk): Promise<void> {
  if (trunk.via === 'openvswitch') {
    try {
      await callOpenVswitch('br-exists', trunk.bridge);
    } catch (error) {
      const hint = `start Open vSwitch and make the bridge: ovs-vsctl add-br ${trunk.bridge}`;
      throw new LabError('device', `there is no Open vSwitch bridge ${trunk.bridge}, which lab.yaml has as trunk`, {
        hint,
        cause: error,
      });
    }
    return;
  }
  if (!interfaceExists(trunk.interface)) {
    throw new LabError('device', `this host has no interface ${trunk.interface}, which lab.yaml has as trunk`);
  }
  try {
    await tryVlanWire();
  } catch (error) {
    throw new LabError('device', 'this kernel has no 802.1Q VLANs, or no macvlan on top of them', {
      hint: 'load the modules 8021q and macvlan, or use `trunk: { via: openvswitch, bridge: … }` in lab.yaml',
      cause: error,
    });
  }
}
