import { countAddresses, formatSubnet, parseIpv4, parseSubnet, type Subnet } from '../config/ipv4.ts';
import { LabError } from '../lab/error.ts';

/** A folder of the jail's file system for NFS, and what each client may do there. */
export interface NfsExport {
  /** Below /srv/nfs, without a slash at either end; '' is all of it. */
  readonly folder: string;
  /** The first that fits an address counts: the smaller network first, as exports(5) has it. */
  readonly clients: readonly ExportClient[];
}

/** The names are those of ganesha-export-config(8). */
export interface ExportClient {
  readonly subnet: string;
  readonly access: 'RO' | 'RW';
  readonly squash: 'No_Root_Squash' | 'Root_Squash' | 'All_Squash';
  readonly anonymousUid: number;
  readonly anonymousGid: number;
  readonly needsPrivilegedPort: boolean;
}

const mostExports = 16;
const mostClients = 16;
const nobody = 65_534;
/** What nobody can take for anything else: in the server's configuration, or in a path. */
const pathRule = /^\/srv\/nfs(\/[A-Za-z0-9_+@:][A-Za-z0-9._+@:-]{0,254}){0,16}$/;
const folderRule = 'letters, digits and . _ + @ : -, not with . or - at the front';

const unprivileged: Omit<ExportClient, 'subnet'> = {
  access: 'RO',
  squash: 'Root_Squash',
  anonymousUid: nobody,
  anonymousGid: nobody,
  needsPrivilegedPort: false,
};
const options: Readonly<Record<string, Partial<ExportClient>>> = {
  ro: { access: 'RO' },
  rw: { access: 'RW' },
  root_squash: { squash: 'Root_Squash' },
  no_root_squash: { squash: 'No_Root_Squash' },
  all_squash: { squash: 'All_Squash' },
  secure: { needsPrivilegedPort: true },
  insecure: { needsPrivilegedPort: false },
  // What this server does anyway.
  'sec=sys': {},
  sync: {},
  no_subtree_check: {},
};

/**
 * Reads a jail's /etc/exports: a part of exports(5). Its author may be hostile, and what comes out is written into a
 * configuration file: so only what is known here passes. `wire` is the network of the board, beyond which nothing is
 * exported. Throws `LabError('usage')` that names each line which is wrong.
 */
export function parseExports(text: string, wire: Subnet): readonly NfsExport[] {
  const exports = new Map<string, NfsExport>();
  const mistakes: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const words = line
      .replace(/#.*/, '')
      .trim()
      .split(/[ \t]+/)
      .filter(Boolean);
    if (words.length === 0) continue;
    try {
      const parsed = parseLine(words, wire);
      if (exports.has(parsed.folder)) throw new Error('an earlier line exports this folder; put all its clients there');
      exports.set(parsed.folder, parsed);
      if (exports.size > mostExports) throw new Error(`a jail has at most ${mostExports} exports`);
    } catch (error) {
      mistakes.push(`/etc/exports line ${index + 1}: ${(error as Error).message}`);
    }
    if (mistakes.length >= 10) break;
  }
  if (mistakes.length > 0) throw new LabError('usage', mistakes.join('\n'), { hint: 'nothing was changed' });
  return [...exports.values()];
}

function parseLine([path = '', ...clients]: readonly string[], wire: Subnet): NfsExport {
  if (!/^\/srv\/nfs(\/|$)/.test(path)) throw new Error('a path is /srv/nfs or a folder below it');
  const trimmed = path.replace(/\/$/, '');
  if (!pathRule.test(trimmed)) throw new Error(`a folder's name is made of ${folderRule}`);
  if (clients.length === 0) throw new Error('no client is named; * is everyone on the wire');
  if (clients.length > mostClients) throw new Error(`an export has at most ${mostClients} clients`);
  const parsed = clients.map(word => parseClient(word, wire));
  parsed.sort((a, b) => b.network.prefixLength - a.network.prefixLength);
  return { folder: trimmed.slice('/srv/nfs/'.length), clients: parsed.map(({ client }) => client) };
}

function parseClient(word: string, wire: Subnet) {
  const [, host = '', list] = /^([^()]*)(?:\(([^()]*)\))?$/.exec(word) ?? [];
  if (host === '') throw new Error('write a client and its options without a space between: *(rw)');
  const network = parseNetwork(host, wire);
  const wanted = (list ?? '').split(',').filter(Boolean).map(parseOption);
  const client: ExportClient = Object.assign({ ...unprivileged, subnet: formatSubnet(network) }, ...wanted);
  return { network, client };
}

function parseNetwork(host: string, wire: Subnet): Subnet {
  if (host === '*') return wire;
  const network = parseSubnet(host.includes('/') ? host : `${host}/32`);
  if (typeof network === 'string' || parseIpv4(host.replace(/\/.*/, '')) === undefined) {
    throw new Error('a client is *, an IPv4 address or a subnet such as 10.96.101.0/24');
  }
  const isInside =
    network.prefixLength >= wire.prefixLength &&
    network.first >= wire.first &&
    network.first < wire.first + countAddresses(wire);
  if (!isInside) throw new Error(`the client is not on the board's wire, ${formatSubnet(wire)}`);
  return network;
}

function parseOption(word: string): Partial<ExportClient> {
  const known = Object.hasOwn(options, word) ? options[word] : undefined;
  if (known) return known;
  const [, name, digits] = /^(anonuid|anongid)=(\d{1,5})$/.exec(word) ?? [];
  // A jail has 65,536 uids and gids.
  if (name === undefined || Number(digits) > 65_535) {
    throw new Error(`an option is one of ${Object.keys(options).join(', ')}, anonuid=N, anongid=N`);
  }
  return name === 'anonuid' ? { anonymousUid: Number(digits) } : { anonymousGid: Number(digits) };
}
