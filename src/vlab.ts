import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from './config/load-config.ts';
import { loadSecrets } from './config/load-secrets.ts';
import { exitCodeOf, LabError } from './lab/error.ts';
import { paths } from './system/paths.ts';
import { startVirtualLab } from './vlab/virtual-lab.ts';

/**
 * vlab [--config FILE] [--secrets FILE] [--host-pid PID] [--run-dir DIR], in a network namespace of its own.
 * DIR/pid is there while the switch answers.
 */
const { values } = parseArgs({
  options: {
    config: { type: 'string', default: paths.config },
    secrets: { type: 'string', default: paths.secrets },
    'host-pid': { type: 'string', default: '1' },
    'run-dir': { type: 'string', default: '/run/vlab' },
  },
});
const log = (text: string) => process.stderr.write(`vlab: ${text}\n`);

try {
  mkdirSync(values['run-dir'], { recursive: true });
  rmSync(join(values['run-dir'], 'pid'), { force: true });
  const lab = await startVirtualLab({
    config: loadConfig(values.config),
    secrets: loadSecrets(values.secrets),
    hostPid: Number(values['host-pid']),
    runDirectory: values['run-dir'],
    log,
  });
  writeFileSync(join(values['run-dir'], 'pid'), `${process.pid}\n`);
  log('ready');
  const stop = () => lab.close().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
} catch (error) {
  if (!(error instanceof LabError)) throw error;
  log(`${error.message}${error.hint ? ` (${error.hint})` : ''}`);
  process.exit(exitCodeOf(error.code));
}
