import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JaildHost, startJaildHost } from './jaild-host.ts';
import { createNfs3, mount, ok } from './nfs-client.ts';
import { createRpcClient, type RpcClient } from './onc-rpc.ts';

/** Two boards with jails, whose file systems have a secret each, and clients that speak raw NFS from the boards' wires. */
export interface AttackBench {
  readonly host: JaildHost;
  connect(target: AttackedBoard, port: number): RpcClient;
  /** NFSv3, and the handle of what is mounted by `path`: all of the board's file system if left out. */
  attack(target: AttackedBoard, path?: string): Promise<Attack>;
  stop(): Promise<void>;
}

export interface Attack {
  readonly mountd: RpcClient;
  readonly rpc: RpcClient;
  readonly nfs: ReturnType<typeof createNfs3>;
  readonly root: Buffer;
}

export const epoch = 1;
export const expiresAtMs = Date.UTC(2031, 4, 4);
export const own = {
  handle: 'rockpro64-1',
  user: 'alice',
  jail: '10.77.0.101',
  gateway: '10.96.101.1',
  place: 'board1',
} as const;
export const other = {
  handle: 'rockpro64-2',
  user: 'bob',
  jail: '10.77.0.102',
  gateway: '10.96.102.1',
  place: 'board2',
} as const;
export type AttackedBoard = typeof own | typeof other;

const labYaml = readFileSync(join(import.meta.dirname, '../../lab.yaml'), 'utf8')
  .replace('52:54:00:00:01:65', '52:54:00:00:01:01')
  .replace('52:54:00:00:01:66', '52:54:00:00:01:02');

export async function startAttackBench(): Promise<AttackBench> {
  const host = await startJaildHost(labYaml);
  const clients: RpcClient[] = [];
  await host.startJaild();
  for (const { handle, user, jail, place, gateway } of [own, other]) {
    const { events } = await host.build(handle, { epoch, user, expiresAtMs });
    if (events.at(-1)?.event !== 'done') throw new Error(JSON.stringify(events.at(-1)));
    await host.at(place, 'ip', 'address', 'replace', gateway.replace(/1$/, '100/24'), 'dev', 'eth0');
    const files = `echo secret of ${handle} >secret; echo public >public; mkdir -p shown hidden; echo hidden >hidden/file`;
    await host.ssh(user, jail, `cd /srv/nfs && ${files} && ln -s /etc etc-link && ln -s /etc/passwd passwd-link`);
  }

  function connect({ place, gateway }: AttackedBoard, port: number): RpcClient {
    const client = createRpcClient(host.startAt(place, 'socat', 'STDIO', `TCP:${gateway}:${port}`));
    clients.push(client);
    return client;
  }

  return {
    host,
    connect,
    async attack(target, path = '/nfs') {
      const mountd = connect(target, 20_048);
      const { status, handle } = await mount(mountd, path);
      if (status !== ok) throw new Error(`${path} cannot be mounted: ${status}`);
      const rpc = connect(target, 2049);
      return { mountd, rpc, nfs: createNfs3(rpc), root: handle };
    },
    async stop() {
      for (const client of clients) client.close();
      await host.stop();
    },
  };
}
