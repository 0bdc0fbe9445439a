import { cgroupOf } from '../cgroup.ts';
import type { JailLayout } from '../jail-layout.ts';
import {
  capabilitySets,
  dataBind,
  kernelMounts,
  maskedPaths,
  type OciConfig,
  type OciResources,
  readonlyPaths,
  searchPath,
} from './oci-config.ts';
import { createSeccompProfile } from './seccomp.ts';

export interface HostKeyAgentConfigOptions {
  /** Also the name of its cgroup. */
  readonly name: string;
  readonly layout: JailLayout;
  /** The jail's base. */
  readonly base: string;
  /** Of the jail's root: ssh-agent answers its own user alone. */
  readonly uid: number;
  readonly architecture: string;
  readonly resources: OciResources;
}

/**
 * config.json of the ssh-agent that has a jail's host key: on the jails' read-only base, with a folder for its socket and nothing
 * else, in namespaces of its own, and outside of the jail's, so that the jail's root cannot look into its memory.
 */
export function createHostKeyAgentConfig(options: HostKeyAgentConfigOptions): OciConfig {
  const { name, layout, uid, architecture, resources } = options;
  return {
    ociVersion: '1.0.2',
    hostname: 'host-key',
    process: {
      terminal: false,
      user: { uid, gid: uid },
      // -P: no library is loaded, whatever a client asks for.
      args: ['ssh-agent', '-D', '-P', 'none', '-a', `${folder}/socket`],
      cwd: '/',
      env: [searchPath],
      capabilities: capabilitySets([]),
      noNewPrivileges: true,
      rlimits: [
        { type: 'RLIMIT_NOFILE', soft: 256, hard: 256 },
        { type: 'RLIMIT_AS', soft: mostBytes, hard: mostBytes },
        { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
      ],
    },
    root: { path: options.base, readonly: true },
    mounts: [...kernelMounts(), dataBind(layout.hostKeyAgent, folder)],
    linux: {
      namespaces: ['network', 'pid', 'ipc', 'uts', 'mount', 'cgroup'].map(type => ({ type })),
      cgroupsPath: cgroupOf(name),
      resources,
      seccomp: createSeccompProfile({ architecture }),
      maskedPaths,
      readonlyPaths,
    },
  };
}

const folder = '/run/agent';
/** A client can give an agent keys without end. */
const mostBytes = 64 * 1024 * 1024;
