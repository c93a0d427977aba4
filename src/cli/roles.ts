/** `phantomnet server` and `phantomnet worker`: the roles of a platform of many machines. */
import type { Config } from '../app/config.ts';
import { createLog } from '../app/log.ts';
import { packageVersion } from '../app/package-paths.ts';
import { startServerRole } from '../app/server-role.ts';
import { runWorkerRole, type WorkerStats } from '../app/worker-role.ts';
import { AppError } from '../errors.ts';
import { untilStopped } from './until-stopped.ts';

const REPORT_MS = 10_000;

/** Resolves after SIGINT or SIGTERM. @throws AppError what keeps it from starting */
export async function serverCommand(
  config: Config,
  { tlsCert, tlsKey }: { tlsCert?: string; tlsKey?: string } = {},
): Promise<void> {
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new AppError('usage', 'Cannot speak https: --tls-cert and --tls-key belong together');
  const tls =
    tlsCert !== undefined && tlsKey !== undefined
      ? { certFile: tlsCert, keyFile: tlsKey }
      : undefined;
  const log = createLog(process.env.PHANTOMNET_LOG ?? 'info');
  const front = await startServerRole(config, packageVersion(), log, tls);
  const lines = ['', `  The server is up: ${front.url}`];
  if (front.administrator) {
    const { username, password } = front.administrator;
    lines.push('', `  Sign in as ${username} with ${password}`, '  This password is shown once.');
  }
  process.stderr.write(`${lines.join('\n')}\n\n`);
  const signal = untilStopped();
  if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  await front.stop();
}

/** Resolves after SIGINT or SIGTERM, when its partitions were left to the others. @throws AppError what keeps it from starting */
export async function workerCommand(config: Config, { json }: { json: boolean }): Promise<void> {
  const log = createLog(process.env.PHANTOMNET_LOG ?? 'info');
  let counted: WorkerStats | null = null;
  const report = () => {
    if (json && counted) process.stdout.write(`${JSON.stringify(counted)}\n`);
  };
  const reporting = setInterval(report, REPORT_MS);
  try {
    await runWorkerRole(config, log, untilStopped(), (stats) => {
      counted = stats;
      process.stderr.write('The worker is up\n');
    });
  } finally {
    clearInterval(reporting);
    report();
  }
}
