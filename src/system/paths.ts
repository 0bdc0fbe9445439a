/**
 * Where things are on a lab host. The virtual lab has the same layout inside its own mount namespace, so no program
 * asks where it runs.
 */
export const paths = {
  /** Programs, `lib/`, `jails/`, `templates/`, `node_modules/`: read-only at run time. */
  install: '/opt/labcli',
  config: '/etc/labcli/lab.yaml',
  /** Readable by labd (and root) alone. */
  secrets: '/etc/labcli/secrets.yaml',
  labdState: '/var/lib/labcli/labd',
  /** root:root 0711. `jails/<board>/`, `epochs/<board>`, and the key that signs host keys, `host-authority.pem`. */
  jaildState: '/var/lib/labcli/jaild',
  /** The jails' read-only root file systems, uid 0 based, a folder each; and the link to the one for new jails. */
  jailBases: '/var/lib/labcli/base',
  jailBase: '/var/lib/labcli/base/current',
  /** `<boot>/tftp/` and `<boot>/nfs.img` of each boot configuration that lab.yaml names. */
  bootFiles: '/var/lib/labcli/boot',
  /** labd:lab 0750: `labd.sock` and `authorized_keys`. */
  hostRun: '/run/labcli/host',
  hostSocket: '/run/labcli/host/labd.sock',
  authorizedKeys: '/run/labcli/host/authorized_keys',
  /** root:labd 0750. */
  jaildSocket: '/run/labcli/jaild/jaild.sock',
  /**
   * root:labd 0750. `<board>/` (labd:labd 0755) is made by jaild for every board and bind-mounted into the jail as
   * /run/lab; labd listens there on `labd.sock` (HTTP) and `console.sock` (the serial line's raw bytes).
   */
  jailSockets: '/run/labcli/jails',
} as const;
