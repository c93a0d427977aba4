/** `phantomnet doctor`: what of the platform would work here, one line each, and what to do about the rest. */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import type { Config } from '../app/config.ts';
import { readLocalAccess } from '../app/local-access.ts';
import { championFile, loadJudge } from '../app/model.ts';
import { SHIPPED_MODEL } from '../app/package-paths.ts';
import { openLiveSource } from '../capture/live-source.ts';
import { Health, StorageOutlook } from '../contract/api.ts';
import { AppError } from '../errors.ts';
import { NftError, runNft } from '../firewall/nft-command.ts';
import { openDatabase } from '../store/database.ts';
import { locateBinaries } from '../store/embedded/binaries.ts';
import { printable } from './printable.ts';

const NODE_MAJOR = 24;
/** Below this the database has no room to work in. */
const MIN_FREE_BYTES = 1e9;
const PROBE_RING_BYTES = 2 << 20;
const HEALTH_MS = 5_000;

interface Finding {
  readonly check: string;
  /** `lacks`: PhantomNet runs without it; `bad`: it does not run like this. */
  readonly state: 'ok' | 'lacks' | 'bad';
  readonly says: string;
}

/** @throws AppError `conflict`, after everything was printed, where something keeps PhantomNet from running */
export async function doctor(
  config: Config,
  { json, out }: { json: boolean; out: NodeJS.WritableStream },
): Promise<void> {
  let bad = 0;
  for await (const finding of findings(config)) {
    if (finding.state === 'bad') bad++;
    const { state, check, says } = finding;
    out.write(
      `${json ? JSON.stringify(finding) : printable(`${state.padEnd(7)}${check.padEnd(13)}${says}`)}\n`,
    );
  }
  if (bad > 0) throw new AppError('conflict', `Cannot run like this: ${bad} of the checks are bad`);
}

async function* findings(config: Config): AsyncGenerator<Finding> {
  const health = await runningHealth(config);
  yield platformFinding(config, health);
  yield nodeFinding();
  yield dataDirFinding(config);
  yield await databaseFinding(config);
  for (const [index, url] of config.database.shards.entries()) yield await shardFinding(index, url);
  const outlook = await runningOutlook(config);
  if (outlook) yield outlookFinding(outlook);
  yield modelFinding(config);
  yield await captureFinding(config);
  yield await firewallFinding(config);
  const isUp = typeof health === 'object' && health !== null;
  const { server, lures } = config;
  yield await portFinding('dashboard', server.host, server.port, 'bad', isUp);
  if (!lures.enabled) return;
  for (const service of ['ssh', 'http', 'ftp'] as const) {
    const port = lures[`${service}_port`];
    if (port !== null) yield await portFinding(`${service} lure`, lures.host, port, 'lacks', isUp);
  }
}

/** What the platform on this data folder says of itself; null where none runs; a text: why it cannot be asked. */
async function runningHealth(config: Config): Promise<Health | string | null> {
  let url = '';
  try {
    const access = await readLocalAccess(config.data_dir);
    if (access === null) return null;
    url = access.url;
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(HEALTH_MS) });
    return Health.parse(await response.json());
  } catch (error) {
    if (error instanceof AppError) return error.message;
    return `it left its address ${url} and does not answer there: it was killed, or hangs`;
  }
}

function platformFinding(config: Config, health: Health | string | null): Finding {
  const check = 'platform';
  if (health === null) return { check, state: 'ok', says: `not running on ${config.data_dir}` };
  if (typeof health === 'string') return { check, state: 'lacks', says: health };
  const { status, version, reasons } = health;
  return {
    check,
    state: status === 'ok' ? 'ok' : 'lacks',
    says: [`${version} runs, ${status}`, ...reasons].join('; '),
  };
}

/** Null where no platform runs, or this user may not ask it: `platform` says so. */
async function runningOutlook(config: Config): Promise<StorageOutlook | null> {
  try {
    const access = await readLocalAccess(config.data_dir);
    if (access === null) return null;
    const response = await fetch(`${access.url}/api/v1/storage`, {
      headers: { authorization: `Bearer ${access.key}` },
      signal: AbortSignal.timeout(HEALTH_MS),
    });
    return StorageOutlook.parse(await response.json());
  } catch {
    return null;
  }
}

function outlookFinding(outlook: StorageOutlook): Finding {
  const { bytes, max_bytes: max, bytes_per_day: perDay, days_until_full: days } = outlook;
  const taken = `${gigabytes(bytes)} of ${gigabytes(max)}, ${gigabytes(perDay)} more a day`;
  if (days === null) {
    const settles = `settles at ${gigabytes(outlook.settles_at_bytes)}`;
    return { check: 'storage', state: 'ok', says: `${taken}; ${settles}` };
  }
  const hours = Math.floor(outlook.packet_hours_within_budget);
  const when = days < 1 ? 'within a day' : `in ${Math.round(days)} days`;
  return {
    check: 'storage',
    state: 'lacks',
    says: `${taken}; the budget is reached ${when}, then packets are kept for ${hours} hours: raise retention.max_bytes for more`,
  };
}

function nodeFinding(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  const says = `${process.version} at ${process.execPath}`;
  return major >= NODE_MAJOR
    ? { check: 'node', state: 'ok', says }
    : { check: 'node', state: 'lacks', says: `${says}; tested with ${NODE_MAJOR}: use npm start` };
}

function dataDirFinding({ data_dir: dataDir, retention }: Config): Finding {
  const check = 'data folder';
  const existing = nearestExisting(dataDir);
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
  } catch {
    return {
      check,
      state: 'bad',
      says: `${existing} cannot be written by this user: give --data-dir another folder, or change its owner`,
    };
  }
  const { bavail, bsize } = statfsSync(existing);
  const free = bavail * bsize;
  const says = `${dataDir}, ${gigabytes(free)} free, the database may grow to ${gigabytes(retention.max_bytes)}`;
  if (free < MIN_FREE_BYTES) return { check, state: 'bad', says: `${says}: make room` };
  if (free < retention.max_bytes)
    return { check, state: 'lacks', says: `${says}: lower retention.max_bytes, or make room` };
  return { check, state: 'ok', says };
}

async function databaseFinding({ database, data_dir: dataDir }: Config): Promise<Finding> {
  const check = 'database';
  try {
    if (database.url !== null) {
      const db = await openDatabase({ url: database.url });
      await db.close();
      return { check, state: 'ok', says: 'database.url answers' };
    }
    const { major } = await locateBinaries({ linkDir: join(dataDir, 'postgres', 'lib') });
    const isMade = existsSync(join(dataDir, 'postgres', 'cluster'));
    return {
      check,
      state: 'ok',
      says: `embedded PostgreSQL ${major}, ${isMade ? 'made' : 'made on the first start'}`,
    };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { check, state: 'bad', says: error.message };
  }
}

/** Without it everything else runs: what its sensors send waits in the stream. */
async function shardFinding(index: number, url: string): Promise<Finding> {
  const check = `shard ${index + 1}`;
  try {
    await (await openDatabase({ url })).close();
    return { check, state: 'ok', says: `database.shards[${index}] answers` };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { check, state: 'lacks', says: error.message };
  }
}

function modelFinding(config: Config): Finding {
  const path = championFile(config);
  const { judge, reason } = loadJudge(path);
  const says = path === SHIPPED_MODEL ? 'the one that ships' : path;
  if (judge) return { check: 'model', state: 'ok', says };
  return { check: 'model', state: 'lacks', says: `${reason}; detectors run without it` };
}

async function captureFinding({ capture }: Config): Promise<Finding> {
  const check = 'capture';
  if (!capture.enabled) return { check, state: 'ok', says: 'off in the configuration' };
  try {
    const { interfaces, method } = capture;
    const { source } = await openLiveSource({ interfaces, method, ringBytes: PROBE_RING_BYTES });
    await source.run(() => {}, { signal: AbortSignal.abort() });
    return { check, state: 'ok', says: `permitted on ${capture.interfaces.join(', ')}` };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { check, state: 'lacks', says: error.message };
  }
}

async function firewallFinding({ enforcer }: Config): Promise<Finding> {
  const check = 'firewall';
  if (!enforcer.enabled) return { check, state: 'ok', says: 'off in the configuration' };
  try {
    await runNft(['nft'], ['list', 'tables'], '');
    return { check, state: 'ok', says: 'nft answers: blocks can be carried out' };
  } catch (error) {
    if (!(error instanceof AppError || error instanceof NftError)) throw error;
    return { check, state: 'lacks', says: error.message };
  }
}

async function portFinding(
  what: string,
  host: string,
  port: number,
  otherwise: 'lacks' | 'bad',
  isUp: boolean,
): Promise<Finding> {
  const check = `port ${port}`;
  const server = createServer();
  const code = await new Promise<string | undefined>((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    server.listen({ host, port, exclusive: true }, () => resolve(undefined));
  });
  server.close();
  if (code === undefined) return { check, state: 'ok', says: `free for the ${what} on ${host}` };
  if (code === 'EADDRINUSE' && isUp)
    return { check, state: 'ok', says: `taken, by the running platform's ${what} as it seems` };
  const why = code === 'EADDRINUSE' ? 'another program has it' : code;
  return { check, state: otherwise, says: `${what} on ${host}: ${why}; choose another port` };
}

function nearestExisting(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : nearestExisting(dirname(path));
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
