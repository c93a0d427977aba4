/** `phantomnet up`: the whole platform on this machine, and what a person should know while it starts. */

import { resolve } from 'node:path';
import { DEMO_SENSOR } from '../contract/demo-sensor.ts';
import { AppError } from '../errors.ts';
import { type Lures, startLures } from '../lures/lures.ts';
import { type Config, evidenceSettings } from './config.ts';
import { replayDemo } from './demo.ts';
import { COMMAND_LINE, grantLocalAccess, revokeLocalAccess } from './local-access.ts';
import { type LocalSensor, startLocalSensor } from './local-sensor.ts';
import { createLog, type Log } from './log.ts';
import { packageVersion } from './package-paths.ts';
import { type Platform, startPlatform } from './platform.ts';
import { returnMemory } from './return-memory.ts';

export interface UpOptions {
  readonly demo: boolean | 'first-run';
  readonly capture: boolean;
  readonly lures: boolean;
  readonly port?: number;
  readonly host?: string;
  readonly dataDir?: string;
}

/** Resolves after SIGINT or SIGTERM, when everything has stopped. @throws AppError what keeps it from starting */
export async function up(given: Config, options: UpOptions): Promise<void> {
  const config = withOptions(given, options);
  const log = createLog(process.env.PHANTOMNET_LOG ?? 'info');
  const stopping = new AbortController();
  const stopped = new Promise<void>((done) =>
    stopping.signal.addEventListener('abort', () => done()),
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (stopping.signal.aborted) process.exit(1);
      log.info('Stopping … (again to stop at once)');
      stopping.abort();
    });

  const platform = await startPlatform(config, packageVersion(), log).catch((error: unknown) => {
    // Ctrl-C reaches the children, too: what they then fail at is no news.
    if (stopping.signal.aborted && error instanceof AppError) return null;
    throw error;
  });
  if (platform === null) return log.info('Stopped');
  let sensor: LocalSensor | null = null;
  let lures: Lures | null = null;
  try {
    lures = await tryLures(config, platform, log);
    const key = await platform.makeKey(config.sensor.id, 'sensor');
    sensor = await startLocalSensor(config, { url: platform.url, key, log });
    platform.setCapture(sensor);
    await grantLocalAccess(config.data_dir, {
      url: platform.url,
      key: await platform.makeKey(COMMAND_LINE, 'admin'),
    });
    greet(platform, sensor, lures, config, log);
    const wantsDemo =
      options.demo === true || (options.demo === 'first-run' && platform.isFirstRun);
    if (wantsDemo) await playDemo(platform, config, log, stopping.signal);
    await stopped;
  } finally {
    await revokeLocalAccess(config.data_dir);
    await sensor?.stop();
    await lures?.stop();
    await platform.stop();
    log.info('Stopped');
  }
}

function withOptions(config: Config, { port, host, dataDir, capture, lures }: UpOptions): Config {
  return {
    ...config,
    data_dir: dataDir === undefined ? config.data_dir : resolve(dataDir),
    server: {
      ...config.server,
      ...(port !== undefined && { port }),
      ...(host !== undefined && { host }),
    },
    capture: { ...config.capture, enabled: config.capture.enabled && capture },
    lures: { ...config.lures, enabled: config.lures.enabled && lures },
  };
}

/** A taken port of a lure is no reason to leave the network unwatched. */
async function tryLures(config: Config, platform: Platform, log: Log): Promise<Lures | null> {
  const { enabled, host, ssh_port: ssh, http_port: http, ftp_port: ftp } = config.lures;
  if (!enabled) return null;
  try {
    return await startLures({
      dataDir: config.data_dir,
      host,
      ports: { ssh, http, ftp },
      onEvent: (event) => platform.takeLureEvent(event),
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    log.warn(`No lures: ${error.message}`);
    platform.setTrouble('lures', `no lures: ${error.message}`);
    return null;
  }
}

async function playDemo(
  platform: Platform,
  config: Config,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  try {
    await replayDemo({
      url: platform.url,
      key: await platform.makeKey(DEMO_SENSOR, 'sensor'),
      dataDir: config.data_dir,
      evidence: evidenceSettings(config),
      log,
      signal,
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    log.warn(`The demo ended early: ${error.message}`);
  }
  returnMemory();
}

function greet(
  platform: Platform,
  sensor: LocalSensor,
  lures: Lures | null,
  config: Config,
  log: Log,
): void {
  if (sensor.reason) log.warn(`No live capture: ${sensor.reason}`);
  else if (sensor.state === 'running')
    log.info(`Capturing on ${config.capture.interfaces.join(', ')}`);
  for (const { service, host, port } of lures?.addresses ?? [])
    log.info(`Lure: ${service} on ${host} port ${port}`);
  if (platform.enforcerReason) log.warn(`Blocks can only be simulated: ${platform.enforcerReason}`);
  const lines = ['', `  PhantomNet is up: ${platform.url}`];
  if (platform.administrator) {
    const { username, password } = platform.administrator;
    lines.push(
      '',
      `  Sign in as ${username} with ${password}`,
      '  This password is shown once. Change it under Settings.',
    );
  } else lines.push('  Password lost? npm run phantomnet -- users password');
  process.stderr.write(`${lines.join('\n')}\n\n`);
}
