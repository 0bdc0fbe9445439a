import { chmodSync, chownSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from './config/load-config.ts';
import { lookUpAccount } from './jaild/accounts.ts';
import { createBaseBuilder } from './jaild/base-builder.ts';
import { createBases } from './jaild/bases.ts';
import { enterHelperCgroup } from './jaild/cgroup.ts';
import { checkHost } from './jaild/check-host.ts';
import { checkTemplates } from './jaild/check-templates.ts';
import { findControllers } from './jaild/controllers.ts';
import { createEpochFence } from './jaild/epoch-fence.ts';
import { loadFirewall } from './jaild/firewall.ts';
import { createHostAuthority } from './jaild/host-authority.ts';
import { createJails } from './jaild/jails.ts';
import { createLimiter } from './jaild/limiter.ts';
import { createLiveTemplates } from './jaild/live-templates.ts';
import { prepareHost, refuseNewGround, refuseSecondJaild } from './jaild/prepare-host.ts';
import { createServer } from './jaild/server.ts';
import { exitCodeOf, LabError } from './lab/error.ts';
import { paths } from './system/paths.ts';

/** jaild: builds, inspects and removes jails. Takes no arguments; everything is in lab.yaml. */
function log(message: string): void {
  process.stderr.write(`${new Date().toISOString()} jaild: ${message}\n`);
}

async function start(): Promise<void> {
  if (process.argv.length > 2) throw new LabError('usage', 'jaild takes no arguments');
  process.umask(0o022);
  const config = loadConfig(paths.config);
  await refuseSecondJaild(paths.jaildSocket);
  const places = findControllers();
  for (const warning of await checkHost(config, places)) log(`warning: ${warning}`);
  await enterHelperCgroup();
  await prepareHost(config);
  const templates = await createLiveTemplates(loaded => checkTemplates(config, loaded));
  const { render } = templates;
  const hasIpv6 = config.boards.some(board => board.network.ipv6 !== undefined);
  await loadFirewall(config.jails, hasIpv6, render);

  const authority = createHostAuthority(join(paths.jaildState, 'host-authority.pem'), config.name);
  const bases = createBases(log);
  const baseBuilder = createBaseBuilder(bases, log);
  await baseBuilder.clear();
  void bases.removeUnused();
  const jails = createJails({
    config,
    render,
    authority,
    limiter: createLimiter(places),
    bases,
    fence: createEpochFence(join(paths.jaildState, 'epochs')),
  });
  jails.adopt(config);
  const reload = async () => {
    const next = loadConfig(paths.config);
    refuseNewGround(config, next);
    for (const warning of await checkHost(next, places)) log(`warning: ${warning}`);
    await prepareHost(next);
    jails.adopt(next);
    log('lab.yaml is loaded again');
  };
  const server = createServer({ jails, baseBuilder, reload, log });
  rmSync(paths.jaildSocket, { force: true });
  await server.listen({ path: paths.jaildSocket });
  chownSync(paths.jaildSocket, 0, lookUpAccount('labd').gid);
  chmodSync(paths.jaildSocket, 0o660);
  log(`${config.boards.length} boards, trunk via ${config.trunk.via}`);

  const stop = async (signal: NodeJS.Signals) => {
    log(`${signal}: waiting for what runs; the jails stay`);
    await baseBuilder.clear();
    await server.close();
    await jails.drain();
    process.exit(0);
  };
  process.on('SIGHUP', () => {
    // Jails that are there keep what was rendered for them.
    templates
      .reload()
      .then(() => loadFirewall(config.jails, hasIpv6, render))
      .then(
        () => log('SIGHUP: the templates are loaded anew'),
        (error: Error) => log(`SIGHUP: the templates in force stay:\n${error.message}`),
      );
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, signal => void stop(signal));
}

try {
  await start();
} catch (error) {
  if (!(error instanceof LabError)) throw error;
  process.stderr.write(`jaild: ${error.message}\n${error.hint ? `  ${error.hint}\n` : ''}`);
  process.exitCode = exitCodeOf(error.code);
}
