import { Resolver } from 'node:dns/promises';

/** dns-client.ts SERVER NAME A|AAAA: asks that name server, and prints the answer. */
const [server = '', name = '', type = 'A'] = process.argv.slice(2);
const resolver = new Resolver({ timeout: 2000, tries: 1 });
resolver.setServers([server.includes(':') ? `[${server}]` : server]);
const answers = type === 'AAAA' ? await resolver.resolve6(name) : await resolver.resolve4(name);
process.stdout.write(`${answers.join(' ')}\n`);
