import { cgroupOf } from '../cgroup.ts';
import type { JailLayout } from '../jail-layout.ts';
import {
  capabilitySets,
  kernelMounts,
  maskedPaths,
  type OciConfig,
  type OciResources,
  readonlyPaths,
  searchPath,
  tmpfs,
} from './oci-config.ts';
import { createSeccompProfile } from './seccomp.ts';

/**
 * What nfs-ganesha needs on the host, for it is outside of the jail's user namespace: the kernel opens file handles for
 * nobody else. No CAP_MKNOD, so the board cannot make device files; no CAP_SYS_ADMIN.
 */
export const fileServerCapabilities = {
  CAP_CHOWN: 'the board sets owners',
  CAP_DAC_OVERRIDE: "the board's root opens every file of the export",
  CAP_DAC_READ_SEARCH: 'open_by_handle_at(2)',
  CAP_FOWNER: 'the board changes modes and times of files of others',
  CAP_FSETID: 'chmod keeps setuid and setgid bits, which the mount ignores but the board obeys',
  CAP_NET_BIND_SERVICE: "rpcbind has port 111 on the jail's network",
  CAP_SETGID: 'each request is done with the group of who sent it',
  CAP_SETUID: 'each request is done as the user who sent it',
} as const;

export interface FileServerConfigOptions {
  /** Also the name of its cgroup. */
  readonly name: string;
  readonly layout: JailLayout;
  readonly architecture: string;
  readonly resources?: OciResources;
}

/**
 * config.json of the NFS server of one board: in the jail's network namespace and in no other of the jail's, on the jails'
 * read-only base, with nothing of the host but the one file system that it exports. Its log goes to its standard error, for it
 * sees no other place once it runs (see parts/file-server.ts).
 */
export function createFileServerConfig(options: FileServerConfigOptions): OciConfig {
  const { name, layout, architecture, resources = {} } = options;
  return {
    ociVersion: '1.0.2',
    hostname: 'nfs',
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: ['sh', '-c', start],
      cwd: '/',
      env: [searchPath],
      capabilities: capabilitySets(Object.keys(fileServerCapabilities)),
      noNewPrivileges: true,
      rlimits: [
        { type: 'RLIMIT_NOFILE', soft: 4096, hard: 4096 },
        { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
      ],
    },
    root: { path: layout.fileServerRoot, readonly: true },
    mounts: [
      ...kernelMounts(),
      tmpfs('/tmp', ['nosuid', 'nodev', 'noexec', 'mode=1777', 'size=16m']),
      tmpfs('/var/lib/nfs', ['nosuid', 'nodev', 'noexec', 'mode=755', 'size=1m']),
      // Plain, so that it keeps the flags of the mount: among them one that crun does not know (see parts/nfs-disk.ts).
      { destination: '/srv/nfs', type: 'bind', source: layout.nfsMount, options: ['bind'] },
    ],
    linux: {
      namespaces: [
        { type: 'network', path: layout.netPin },
        ...['pid', 'ipc', 'uts', 'mount', 'cgroup'].map(type => ({ type })),
      ],
      cgroupsPath: cgroupOf(name),
      resources,
      seccomp: createSeccompProfile({ architecture, opensFileHandles: true }),
      maskedPaths,
      // Its root is the host's own, for whom the kernel's settings are files to write to.
      readonlyPaths: [...readonlyPaths, '/proc/sys'],
    },
  };
}

const configFile = '/etc/ganesha/ganesha.conf';

/**
 * rpcbind, where NFSv3 clients ask for ports, must answer before the server tells it its own; it becomes an unprivileged
 * account by itself. The server is the first process: when it ends, all of it does.
 */
const start = [
  'rpcbind -f &',
  'until [ -S /run/rpcbind.sock ]; do sleep 0.005; done',
  `exec ganesha.nfsd -F -f ${configFile} -L STDERR -p /run/ganesha.pid`,
].join('\n');
